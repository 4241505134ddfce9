import { agentJson, agentWords } from '../views/agent.ts';
import type { BudgetFlags } from '../config/session-settings.ts';
import { ExitCode, usageError } from '../errors.ts';
import { checkName, isGenericName } from '../session/names.ts';
import type { OnCrash, PermissionMode } from '../session/words.ts';
import type { SessionPaths } from '../store/paths.ts';
import { START } from '../store/cursor.ts';
import { SCHEMA_VERSION } from '../views/json-session.ts';
import { permissionsJson, rulesText } from '../views/permissions.ts';
import { nextCommands } from '../views/plan.ts';
import { oneLine } from '../text/sanitize.ts';
import type { VerbContext } from './context.ts';
import { onCtrlC } from './ctrl-c.ts';
import { askHost } from './host-call.ts';
import { waitFor } from './follow/wait-for.ts';
import { applyPlan } from './run/apply.ts';
import type { BackendWord, ChoiceFlags } from './run/launch-agent.ts';
import type { SandboxWord } from './run/sandbox.ts';
import { requireFreeName } from './run/name-free.ts';
import { planSession, sessionPlace, type SessionPlan } from './session-plan.ts';

export interface StartWish {
  readonly name: string;
  /** Null: it waits for the first `tell`. */
  readonly text: string | null;
  /** The idempotency key of that text. */
  readonly key?: string;
  readonly agent: string | undefined;
  readonly choices?: ChoiceFlags;
  readonly backend: BackendWord;
  readonly permissions: PermissionMode | undefined;
  readonly sandbox?: SandboxWord | undefined;
  readonly budget?: BudgetFlags;
  readonly onCrash?: OnCrash | undefined;
}

export interface StartedSession {
  readonly plan: SessionPlan;
  readonly paths: SessionPaths;
}

/**
 * A named session in the directory the command was typed in, durable and with a host.
 * @param onDurable called when it is there, before its host is
 * @throws `name-taken`.
 */
export async function makeSession(
  context: VerbContext,
  wish: StartWish,
  onDurable: () => void = () => {},
): Promise<StartedSession> {
  checkName(wish.name);
  const place = await sessionPlace(context, 'required');
  if (place.ref === null) throw usageError('not-a-repository', 'A session needs a repository.');
  requireFreeName(context.places, place.ref.key, wish.name, 'session');
  const configured = place.loaded.config.permissions;
  const plan = await planSession(context, place, {
    ...wish,
    kind: 'session',
    permissions:
      wish.permissions !== undefined
        ? { mode: wish.permissions, reason: 'as you said' }
        : configured !== null
          ? { mode: configured, reason: 'from the configuration' }
          : { mode: 'approve-all', reason: 'you talk to it yourself' },
  });
  return { plan, paths: await applyPlan(context, { ...plan, onDurable }) };
}

/** Ending what did not start takes a while. */
const REPLY_PATIENCE_MS = 30_000;

type StartedWith = { readonly record: SessionPlan['record'] };

/** Starts a named session and says what can be said to it now. */
export async function startSession(
  context: VerbContext,
  wish: StartWish & { readonly wait: boolean },
): Promise<number> {
  if (wish.text === null || !wish.wait) return afterStart(context, wish, await makeSession(context, wish), null);
  // From then on the work goes on by itself, and whoever leaves is told so.
  let interrupt: ReturnType<typeof onCtrlC> | null = null;
  try {
    const made = await makeSession(context, wish, () => (interrupt = onCtrlC(context.io)));
    return await afterStart(context, wish, made, interrupt);
  } finally {
    (interrupt as ReturnType<typeof onCtrlC> | null)?.dispose();
  }
}

async function afterStart(
  context: VerbContext,
  wish: StartWish & { readonly wait: boolean },
  { plan, paths }: StartedSession,
  interrupt: ReturnType<typeof onCtrlC> | null,
): Promise<number> {
  const { printer, json } = context;
  const { record } = plan;
  if (json) {
    const head = { session: record.name, sessionId: record.id, directory: record.cwd, warnings: plan.warnings };
    const permissions = permissionsJson(record);
    const started = {
      ...head,
      agent: { ...agentJson(record.agent), why: plan.agentWhy },
      backend: record.backend,
      permissions,
      commands: nextCommands(record.name),
    };
    if (wish.text === null || !wish.wait) printer.document({ schemaVersion: SCHEMA_VERSION, ...started });
    else printer.record({ schemaVersion: SCHEMA_VERSION, type: 'session', ...started });
  } else tellAbout(context, plan);
  if (!wish.wait) return ExitCode.done;
  if (wish.text === null) {
    await untilReady(context, { record, paths });
    return ExitCode.done;
  }
  const codes = await waitFor(context, [{ record, paths, since: START }], {
    timeoutMs: null,
    show: json ? 'json' : 'text',
    outcome: json ? 'record' : 'text',
    ...(interrupt === null ? {} : { leave: interrupt.signal }),
  });
  return Math.max(...codes);
}

/** What is started in a terminal is there, and listens. Over ACP the first word starts the agent. */
async function untilReady(context: VerbContext, session: Parameters<typeof askHost>[1] & StartedWith): Promise<void> {
  const { record } = session;
  if (record.backend !== 'tmux') return;
  await askHost(context, session, { op: 'open' }, record.limits.startTimeoutMs + REPLY_PATIENCE_MS);
  if (!context.json) context.printer.note(`${record.name} is ready`, 'dim');
}

function tellAbout({ printer }: VerbContext, { record, warnings, agentWhy }: SessionPlan): void {
  const { name } = record;
  const row = (label: string, text: string): void =>
    printer.result([
      { text: `  ${label.padEnd(12)}`, tone: 'dim' },
      { text, tone: 'plain' },
    ]);
  printer.result([
    { text: `${name}: `, tone: 'strong' },
    { text: record.firstPrompt === null ? 'waits for instructions' : 'has its first instruction', tone: 'plain' },
  ]);
  row('session', record.id);
  row('directory', oneLine(record.cwd, 300));
  row(
    'agent',
    `${agentWords({ ...agentJson(record.agent), version: null })} over ${record.backend} (${oneLine(agentWhy, 120)})`,
  );
  row('permissions', `${record.permissions} (${oneLine(record.permissionsReason, 200)})`);
  const rules = record.permissionRules ?? [];
  if (rules.length > 0) row('rules', rulesText(rules));
  for (const warning of warnings) row('note', oneLine(warning, 300));
  if (isGenericName(name)) row('note', `the name "${name}" says little`);
  row('talk', `conduxt tell ${name} "…"`);
  row('watch', `conduxt log ${name} -f, conduxt status ${name}`);
  row('end', `conduxt stop ${name}`);
  row('you hear', `conduxt wait ${name} returns when it has nothing left to do`);
}
