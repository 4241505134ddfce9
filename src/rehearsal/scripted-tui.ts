/**
 * The scripted TUI: a full-screen program with an input box that does what agents in terminals do, right and wrong, when
 * a script tells it to (`scripted-tui/script.ts` has every setting and step). For tests; it calls no model.
 *
 *     node src/rehearsal/scripted-tui.ts --script <file.json> [whatever an agent would be given]
 *
 * Prompts are taken from its input box; a line that names a file `prompt-….md` in double quotes is read from there. The
 * log gets one JSON object per line: `start` (args, cwd, env), `text` and `paste` (what came into the box), `enter`,
 * `prompt` (text, typed), `escape`, `ctrl-c`, `clear`, `dialog-key`, `answer`, `list-key`, `choice`, `own-work`, `shell`, `turn-over`, `exit`.
 */
import { parseArgs } from 'node:util';
import { readScript } from './scripted-tui/script.ts';
import { ScriptedTui } from './scripted-tui/program.ts';

const { values } = parseArgs({ options: { script: { type: 'string' } }, strict: false });
if (typeof values.script !== 'string') {
  process.stderr.write('usage: scripted-tui --script <file.json>\n');
  process.exit(2);
}
await new ScriptedTui(readScript(values.script)).run();
