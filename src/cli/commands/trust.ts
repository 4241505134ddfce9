import { isTrusted, trust } from '../../config/trust.ts';
import { ExitCode, refused } from '../../errors.ts';
import { oneLine } from '../../text/sanitize.ts';
import { SCHEMA_VERSION } from '../../views/json-session.ts';
import { toned } from '../../views/tone.ts';
import type { VerbContext } from '../context.ts';
import { finishVerb } from '../options.ts';
import { refuseFromInsideRepository } from '../own-judge.ts';
import { gatherRepository } from '../run/repository-facts.ts';
import { askYesNo, canAsk } from '../yes-or-no.ts';
import type { VerbCommand } from '../verb-command.ts';

interface TrustOptions {
  readonly yes?: boolean;
  readonly base?: string;
}

export function define(command: VerbCommand, context: VerbContext): void {
  finishVerb(
    command
      .option('-y, --yes', 'trust what is shown without being asked')
      .option('--base <branch>', 'the branch whose conduxt.json is meant')
      .action(context.act((options: TrustOptions) => trustRepository(context, options))),
    {
      examples: ['conduxt trust', 'conduxt trust --yes'],
      exits: '0 (trusted, or nothing to trust), 2, 4, 6 (not trusted: nobody said yes)',
      notes:
        "Settings in a repository's conduxt.json that run programs, or take a protection away, are ignored until you\n" +
        'allow them here. The permission is for exactly these values: when one changes, you are asked again.',
    },
  );
}

async function trustRepository(context: VerbContext, options: TrustOptions): Promise<number> {
  const { io, places, printer, json } = context;
  const { loaded, ref, base, tree, configNote } = await gatherRepository(context, options.base);
  const { keys, values, hash } = loaded.guarded;
  const document = { repo: ref.slug, root: ref.root, base: base.branch, keys, values, hash };
  if (hash === null) {
    if (json) printer.document({ schemaVersion: SCHEMA_VERSION, ...document, trusted: true });
    else if ((await tree.read('conduxt.json')) === null)
      printer.result(`There is no conduxt.json on ${base.branch}, so there is nothing to trust.`);
    else printer.result(`conduxt.json (${base.branch}) sets nothing that needs your trust.`);
    if (configNote !== null) printer.note(configNote, 'warn');
    return ExitCode.done;
  }
  if (!json) {
    printer.result(`conduxt.json (${base.branch}) of ${oneLine(ref.root, 200)} sets:`);
    for (const key of keys) printer.result(`  ${oneLine(key, 80)}: ${oneLine(JSON.stringify(values[key]), 400)}`);
  }
  const already = await isTrusted(places, ref.key, hash);
  if (!already) refuseFromInsideRepository(context, ref.key, 'trust');
  const agreed =
    already || options.yes === true || (canAsk(io) && !json && (await askYesNo(io, 'May conduxt do this here?')));
  if (!agreed) {
    throw refused('not-trusted', 'Nothing was trusted: nobody said yes.', {
      remedy: 'Read the values above; then conduxt trust --yes.',
      facts: document,
    });
  }
  if (!already) await trust(places, ref.key, hash);
  if (json) printer.document({ schemaVersion: SCHEMA_VERSION, ...document, trusted: true });
  else printer.result(toned('good', already ? 'Trusted already.' : 'Trusted.'));
  return ExitCode.done;
}
