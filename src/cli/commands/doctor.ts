import { ExitCode } from '../../errors.ts';
import { oneLine } from '../../text/sanitize.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import type { Tone } from '../../views/tone.ts';
import type { VerbContext } from '../context.ts';
import { checkAgent, checkFoundAgents } from '../doctor/check-agent.ts';
import { checkJournals } from '../doctor/check-journals.ts';
import { checkMachine } from '../doctor/check-machine.ts';
import type { Check } from '../doctor/check.ts';
import { finishVerb } from '../options.ts';
import type { VerbCommand } from '../verb-command.ts';

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .argument('[agent]', 'only this agent, in detail')
      .option('--verify', 'read every journal and check every record')
      .action(
        context.act((agent: string | undefined, options: { verify?: boolean }) =>
          doctor(context, agent, options.verify === true),
        ),
      ),
    {
      examples: ['conduxt doctor', 'conduxt doctor codex', 'conduxt doctor --verify'],
      exits: '0 (all that is needed is there), 1 (something is not), 2, 5 (the agent is not installed)',
      notes:
        'Every agent that is installed, or the one that is named, is started in an empty directory, asked for a session, and\n' +
        'ended; nothing is sent to a model. The named one is told about in detail. With --verify only journals are read.',
    },
  );
}

async function doctor(context: VerbContext, agent: string | undefined, verify: boolean): Promise<number> {
  const machine = await checkMachine(context);
  const checks = [
    ...machine,
    ...(agent === undefined ? (verify ? [] : await checkFoundAgents(context)) : await checkAgent(context, agent)),
    ...(verify ? await checkJournals(context) : []),
  ];
  const bad = checks.some((check) => check.state === 'bad');
  if (context.json) context.printer.document({ schemaVersion: SCHEMA_VERSION, ok: !bad, checks });
  else for (const check of checks) show(context, check);
  return bad ? ExitCode.taskFailed : ExitCode.done;
}

const WORDS: Readonly<Record<Check['state'], { word: string; tone: Tone }>> = {
  good: { word: 'ok', tone: 'good' },
  note: { word: 'note', tone: 'warn' },
  bad: { word: 'bad', tone: 'bad' },
};

function show({ printer }: VerbContext, check: Check): void {
  const { word, tone } = WORDS[check.state];
  printer.result([
    { text: word.padEnd(5), tone },
    { text: `${check.name.padEnd(16)} `, tone: 'plain' },
    { text: oneLine(check.text, 300), tone: 'plain' },
  ]);
  if (check.remedy !== null) printer.result(`      → ${oneLine(check.remedy, 300)}`);
}
