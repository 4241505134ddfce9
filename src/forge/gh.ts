import * as z from 'zod';
import { ConduxtError, unavailable } from '../errors.ts';
import { cleanStderr } from '../git/git.ts';
import { run, showCommand, type RunResult } from '../process/run.ts';

/** Which repository of which GitHub. */
export interface GithubRepository {
  /** `github.com`, or the host of a GitHub Enterprise server. */
  readonly host: string;
  readonly owner: string;
  readonly name: string;
}

/** Runs GitHub's command line program. One place knows how it is called and how it fails. */
export interface Gh {
  /** A REST call. `notFound` is the status 404 or 410, as data. @throws `gh-missing`, `gh-logged-out`, `forge-unavailable`. */
  api(path: string): Promise<ApiAnswer>;
  /** A REST call that changes something. @throws as `api`, and for every refusal. */
  send(method: 'PATCH' | 'POST', path: string, body: unknown): Promise<void>;
  /** A GraphQL query; null when GitHub refused it. */
  graphql(query: string, variables: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** Any other command, with `--repo` set; the result whatever its exit code, unless gh cannot be used at all. */
  command(args: readonly string[], input?: string): Promise<RunResult>;
}

export type ApiAnswer = { readonly type: 'found'; readonly value: unknown } | { readonly type: 'not-found' };

const TIMEOUT_MS = 60_000;

/** What gh may see of the caller's environment: how to log in, how to reach the network. */
const ALLOWED = [
  'PATH',
  'HOME',
  'USER',
  'TMPDIR',
  'GH_TOKEN',
  'GITHUB_TOKEN',
  'GH_ENTERPRISE_TOKEN',
  'GITHUB_ENTERPRISE_TOKEN',
  'GH_HOST',
  'GH_CONFIG_DIR',
  'XDG_CONFIG_HOME',
  'XDG_STATE_HOME',
  'XDG_CACHE_HOME',
  'XDG_RUNTIME_DIR',
  'DBUS_SESSION_BUS_ADDRESS', // newer versions keep the token in the desktop's keyring
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
];

export function githubEnvironment(processEnv: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of ALLOWED) {
    const value = processEnv[name];
    if (value !== undefined) env[name] = value;
  }
  return { ...env, LC_ALL: 'C', NO_COLOR: '1', GH_PAGER: 'cat', GH_PROMPT_DISABLED: '1', GH_NO_UPDATE_NOTIFIER: '1' };
}

/** @param processEnv is reduced to what gh needs (`githubEnvironment`). */
export function createGh(repository: GithubRepository, processEnv: Readonly<Record<string, string | undefined>>): Gh {
  const env = githubEnvironment(processEnv);
  const gh = async (args: readonly string[], input?: string): Promise<RunResult> => {
    // Outside of any repository: everything is said by flags, and no repository's configuration is read.
    const result = await run('gh', args, {
      cwd: '/',
      env,
      timeoutMs: TIMEOUT_MS,
      ...(input === undefined ? {} : { input }),
    });
    if (result.startError !== null) throw ghMissing(result.startError);
    if (result.timedOut) throw unavailableError(result, args, null);
    // Documented exit code of a command that needs a login and has none.
    if (result.exitCode === 4) throw loggedOut(repository.host);
    return result;
  };
  const api = async (args: readonly string[], input?: string): Promise<HttpAnswer> => {
    // `--include`: the status is read from the answer, not from the words gh finds for it.
    const full = ['api', '--include', `--hostname=${repository.host}`, ...args];
    const result = await gh(full, input);
    const answer = parseAnswer(result.stdout);
    if (answer === null) throw unavailableError(result, full, null);
    if (answer.status === 401) throw loggedOut(repository.host);
    if (answer.status >= 400 && answer.status !== 404 && answer.status !== 410) {
      throw unavailableError(result, full, answer.status);
    }
    return answer;
  };
  return {
    api: async (path) => {
      const answer = await api([path]);
      return answer.status >= 400 ? { type: 'not-found' } : { type: 'found', value: parseJson(answer.body) };
    },
    send: async (method, path, body) => {
      const args = [`--method=${method}`, '--input=-', path];
      const answer = await api(args, JSON.stringify(body));
      if (answer.status < 400) return;
      throw unavailable('forge-unavailable', `GitHub refused to ${method} ${path} (HTTP ${answer.status}).`, {
        remedy: 'Check the rights of the login (gh auth status), then try again.',
        facts: { status: answer.status },
      });
    },
    graphql: async (query, variables) => {
      const answer = await api(['graphql', '--input=-'], JSON.stringify({ query, variables }));
      const parsed = graphqlAnswer.safeParse(parseJson(answer.body));
      return parsed.success ? parsed.data.data : null;
    },
    command: async (args, input) => {
      const full = [...args, `--repo=${repository.host}/${repository.owner}/${repository.name}`];
      const result = await gh(full, input);
      // A token that was taken back, or no network, look like any other failure here; asking who we are tells.
      if (result.exitCode !== 0) await api(['user']).catch(rethrowUnlessRefused);
      return result;
    },
  };
}

const graphqlAnswer = z.object({ data: z.unknown() });

interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** `HTTP/1.1 404 Not Found`, headers, an empty line, the body. Line ends are CRLF or LF, depending on the version. */
export function parseAnswer(text: string): HttpAnswer | null {
  const status = /^HTTP\/[\d.]+ (\d{3})\b/.exec(text)?.[1];
  if (status === undefined) return null;
  const end = /\r?\n\r?\n/.exec(text);
  return { status: Number(status), body: end === null ? '' : text.slice(end.index + end[0].length) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unavailable('forge-unavailable', 'GitHub answered with something that is not JSON.', { cause });
  }
}

/** What GitHub said, in the shape that is needed of it; an error of the world, not a bug, when it has another. */
export function inShape<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const place = parsed.error.issues[0]?.path.join('.') ?? '';
  throw unavailable('forge-unavailable', `GitHub's answer about ${what} has an unknown shape (at "${place}").`, {
    cause: parsed.error,
  });
}

/** The same for the output of a gh command. */
export const outputInShape = <T>(schema: z.ZodType<T>, output: string, what: string): T =>
  inShape(schema, parseJson(output), what);

const ghMissing = (startError: string): ConduxtError =>
  unavailable('gh-missing', `gh, GitHub's command line program, could not be started (${startError}).`, {
    remedy: 'Install it (https://cli.github.com) and log in with: gh auth login',
    facts: { startError },
  });

const loggedOut = (host: string): ConduxtError =>
  unavailable('gh-logged-out', `gh is not logged in to ${host}.`, {
    remedy: host === 'github.com' ? 'Log in with: gh auth login' : `Log in with: gh auth login --hostname ${host}`,
    facts: { host },
  });

/** A token of an app may not ask who it is; GitHub said something at least. */
function rethrowUnlessRefused(error: unknown): void {
  const wasRefused = error instanceof ConduxtError && typeof error.facts['status'] === 'number';
  if (!wasRefused) throw error;
}

function unavailableError(result: RunResult, args: readonly string[], status: number | null): ConduxtError {
  const detail = result.timedOut ? `no answer in ${TIMEOUT_MS / 1000} s` : cleanStderr(result.stderr);
  const code = status === null ? '' : ` (HTTP ${status})`;
  return unavailable('forge-unavailable', `\`${showCommand('gh', args)}\` failed${code}: ${detail}`, {
    remedy:
      'Check the network, the rights of the login (gh auth status) and https://www.githubstatus.com, then try again.',
    facts: { status, exitCode: result.exitCode, stderr: cleanStderr(result.stderr) },
  });
}
