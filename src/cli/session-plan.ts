import { isoTime } from '../clock.ts';
import { loadConfig, type LoadedConfig } from '../config/load.ts';
import {
  onCrashField,
  sessionHooks,
  sessionLimits,
  turnLockFields,
  type BudgetFlags,
} from '../config/session-settings.ts';
import { ConduxtError } from '../errors.ts';
import { gitEnvironment } from '../git/git-environment.ts';
import { openRepository, type Repository } from '../git/repository.ts';
import { treeAt } from '../git/tree.ts';
import { newPromptId, newSessionId } from '../session/ids.ts';
import type { RepoRef, SessionRecord } from '../session/record.ts';
import type { OnCrash, PermissionMode } from '../session/words.ts';
import { describePrompt } from '../store/create-session.ts';
import type { VerbContext } from './context.ts';
import { CONFIG_FILE, uncommittedConfig } from './uncommitted-config.ts';
import {
  backendFields,
  launchFor,
  requestedBackend,
  requireMode,
  type BackendWord,
  type ChoiceFlags,
  type ChosenLaunch,
} from './run/launch-agent.ts';
import { sandboxFields, type SandboxWord } from './run/sandbox.ts';

/** Where a session without a task works, and what is configured there. */
export interface SessionPlace {
  /** Null outside of a repository, which only `ask` allows. */
  readonly ref: RepoRef | null;
  readonly cwd: string;
  readonly loaded: LoadedConfig;
  /** See `uncommittedConfig`. */
  readonly configNote: string | null;
  /** False in a repository without a commit: no branch can begin there. */
  readonly hasCommit: boolean;
}

/**
 * The directory the command was typed in. The repository's configuration is read from its commit, not from its files:
 * what stands there uncommitted may be an agent's.
 */
export async function sessionPlace(context: VerbContext, repository: 'required' | 'optional'): Promise<SessionPlace> {
  const { io, places } = context;
  const repo = await repositoryAt(context, repository);
  const head = repo?.head ?? null;
  const isPlain = repo === null || head === null || repo.headHas === false;
  const repoConfigText = isPlain ? null : await treeAt(repo.git, head).read(CONFIG_FILE);
  const loaded = await loadConfig({
    env: io.env,
    places,
    repoConfigText,
    repoConfigLabel: `${CONFIG_FILE} (HEAD)`,
    repoKey: repo?.key ?? null,
  });
  if (repo === null) return { ref: null, cwd: io.cwd, loaded, configNote: null, hasCommit: false };
  const { key, slug, root, commonDir } = repo;
  const configNote = head === null ? null : await uncommittedConfig(root, repoConfigText, 'HEAD');
  return { ref: { key, slug, root, commonDir }, cwd: io.cwd, loaded, configNote, hasCommit: head !== null };
}

async function repositoryAt({ io }: VerbContext, repository: 'required' | 'optional'): Promise<Repository | null> {
  try {
    return await openRepository(io.cwd, gitEnvironment(io.env), CONFIG_FILE);
  } catch (error) {
    const elsewhere =
      error instanceof ConduxtError && ['not-a-repository', 'bare-repository', 'git-missing'].includes(error.code);
    if (repository === 'optional' && elsewhere) return null;
    throw error;
  }
}

export interface SessionWish {
  readonly kind: 'session' | 'ask';
  readonly name: string;
  readonly text: string | null;
  /** The idempotency key of that text. */
  readonly key?: string;
  readonly agent: string | undefined;
  readonly choices?: ChoiceFlags;
  readonly backend: BackendWord;
  readonly permissions: { readonly mode: PermissionMode; readonly reason: string };
  readonly sandbox?: SandboxWord | undefined;
  readonly budget?: BudgetFlags;
  readonly onCrash?: OnCrash | undefined;
}

export interface SessionPlan {
  readonly record: SessionRecord;
  readonly promptText: string | null;
  readonly warnings: readonly string[];
  /** One clause: why this agent. */
  readonly agentWhy: string;
}

/** A session without a task, as data. Nothing is written. */
export async function planSession(context: VerbContext, place: SessionPlace, wish: SessionWish): Promise<SessionPlan> {
  const { loaded, ref, cwd } = place;
  const { config } = loaded;
  const backend = requestedBackend(wish.backend === 'auto' ? config.backend : wish.backend);
  const agent: ChosenLaunch = await launchFor(
    context,
    { config, cwd, repoRoot: ref?.root ?? null, taskBytes: Buffer.byteLength(wish.text ?? '') },
    wish.agent,
    backend,
    wish.choices,
  );
  requireMode(agent, wish.permissions.mode);
  const hooks = sessionHooks(config, ref?.root ?? null, context.io.homedir);
  // Nobody waits to be asked by a question that is answered and gone.
  const rules = config.permissionRules.filter((rule) => wish.kind !== 'ask' || rule.action === 'deny');
  const record: SessionRecord = {
    schemaVersion: 1,
    id: newSessionId(),
    name: wish.name,
    kind: wish.kind,
    repo: ref,
    agent: agent.launch,
    ...backendFields(agent, { prefix: config.sessionPrefix, repoKey: ref?.key ?? null, name: wish.name }),
    requestedBackend: backend,
    cwd,
    permissions: wish.permissions.mode,
    permissionsReason: wish.permissions.reason,
    ...(rules.length === 0 ? {} : { permissionRules: rules }),
    createdAt: isoTime(context.io.now()),
    task: null,
    firstPrompt:
      wish.text === null
        ? null
        : {
            ...describePrompt(newPromptId(), 'user', wish.text),
            ...(wish.key === undefined ? {} : { key: wish.key }),
          },
    limits: sessionLimits(config, agent.launch.name, null, wish.budget),
    ...turnLockFields(config, agent.launch.name, { home: context.places.home, homedir: context.io.homedir }),
    hooks: { ...hooks, notify: wish.kind === 'ask' ? [] : hooks.notify },
    ...(config.base === null ? {} : { primaryBranch: config.base }),
    ...onCrashField(wish.onCrash, config),
    ...(await sandboxFields(context, config, wish.sandbox, ref?.root ?? null)),
  };
  return { record, promptText: wish.text, warnings: agent.warnings, agentWhy: agent.why };
}
