import { unavailable, type ConduxtError } from '../../errors.ts';
import type { AgentChoices } from '../../session/record.ts';
import type { AgentCapabilities } from '../backend.ts';
import { applyChoices, offersFor } from './agent-choices.ts';
import { authMethodsOf, unattendedMethod } from './auth-method.ts';
import type { Answer } from './connection.ts';
import { isObject, objectAt, textAt } from './json.ts';
import { errorText } from './message.ts';

/** The only version we speak. Asked for 2, some agents answer 2, whose turns end differently. */
const PROTOCOL_VERSION = 1;
const AUTH_REQUIRED = -32000;
const METHOD_NOT_FOUND = -32601;

/** What the handshake needs of the outside. `send` settles with null when the time for the start is over. */
export interface HandshakePort {
  send(method: string, params: object): Promise<Answer | null>;
  /** Called around `session/load` and `session/resume`: what comes in between is old. */
  closeGate(): void;
  /** Settles when the replay is over. */
  openGate(afterLoad: boolean): Promise<void>;
  /** How the agent ended, for an error's facts. */
  endFacts(): Readonly<Record<string, unknown>>;
}

export interface HandshakeSpec {
  readonly cwd: string;
  readonly resume: string | null;
  readonly clientVersion: string;
  readonly choices?: AgentChoices;
  readonly askingMode?: string;
  readonly losesSessions?: true;
  readonly wantsHistory?: true;
}

export interface Opened {
  readonly nativeId: string;
  readonly continuity: 'new' | 'resumed' | 'loaded';
  readonly agentVersion: string | null;
  readonly capabilities: AgentCapabilities;
}

/**
 * From a started agent to an open session: initialize, then continue the native session or open a new one.
 * Throws ConduxtErrors `agent-protocol`, `agent-start-timeout`, `agent-not-started`, `agent-login-required`,
 * `agent-session-lost`. A session that cannot be continued is never replaced by a new one.
 */
export async function shakeHands(port: HandshakePort, spec: HandshakeSpec): Promise<Opened> {
  const initialized = await initialize(port, spec);
  const agentCapabilities = objectAt(initialized, 'agentCapabilities');
  const isKept = spec.losesSessions !== true;
  const canResume = isKept && isObject(objectAt(agentCapabilities, 'sessionCapabilities')['resume']);
  const canLoad = isKept && agentCapabilities['loadSession'] === true;
  const capabilities: AgentCapabilities = {
    resume: canResume ? 'resume' : canLoad ? 'load' : 'none',
    nativeId: 'same',
    steer: objectAt(objectAt(initialized, '_meta'), 'steering')['supported'] === true,
    permissions: true,
    usage: true,
  };
  const base = { capabilities, agentVersion: textAt(objectAt(initialized, 'agentInfo'), 'version') };
  const login = new Login(port, initialized);
  const opened = async (session: unknown, nativeId: string, continuity: Opened['continuity']): Promise<Opened> => {
    await chosen(port, choicesOf(spec, session), session, nativeId);
    return { ...base, nativeId, continuity };
  };
  if (spec.resume === null) {
    const session = await openNew(login, port, spec);
    return opened(session.result, session.nativeId, 'new');
  }

  const nativeId = spec.resume;
  if (canLoad && canResume && spec.wantsHistory === true) {
    const loaded = await continueWith('session/load', login, port, spec, nativeId);
    if (loaded.type === 'result') return opened(loaded.result, nativeId, 'loaded');
    // Without an answer, nobody knows what it is still doing with the session.
    if (loaded.code === null) throw sessionLost(nativeId, loaded);
  }
  if (canResume) {
    const resumed = await continueWith('session/resume', login, port, spec, nativeId);
    if (resumed.type === 'result') return opened(resumed.result, nativeId, 'resumed');
    // Advertised, yet unknown: the other way is still open.
    if (resumed.code !== METHOD_NOT_FOUND || !canLoad) throw sessionLost(nativeId, resumed);
  }
  if (!canLoad)
    throw sessionLost(nativeId, {
      type: 'refusal',
      code: null,
      message: `the agent ${isKept ? 'cannot continue' : 'loses'} sessions`,
    });
  const loaded = await continueWith('session/load', login, port, spec, nativeId);
  if (loaded.type === 'refusal') throw sessionLost(nativeId, loaded);
  return opened(loaded.result, nativeId, 'loaded');
}

/** What a person chose; else the mode in which the agent asks, if this version of it has one of that name. */
function choicesOf({ choices = {}, askingMode }: HandshakeSpec, session: unknown): AgentChoices {
  if (askingMode === undefined || choices.mode !== undefined) return choices;
  const isOffered = offersFor('mode', session).some(({ value }) => value === askingMode);
  return isOffered ? { ...choices, mode: askingMode } : choices;
}

/** Model, mode and effort, each in its own request. A resumed session has its earlier ones, which may be others. */
async function chosen(port: HandshakePort, choices: AgentChoices, session: unknown, sessionId: string): Promise<void> {
  await applyChoices(choices, session, async (method, params) => {
    const answer = await port.send(method, { sessionId, ...params });
    return resultOf(answer, method, port);
  });
}

async function initialize(port: HandshakePort, spec: HandshakeSpec): Promise<unknown> {
  const answer = await port.send('initialize', {
    protocolVersion: PROTOCOL_VERSION,
    // Neither files nor terminals: agents then use their own tools, and version 2 drops both.
    clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
    clientInfo: { name: 'conduxt', title: 'conduxt', version: spec.clientVersion },
  });
  const result = resultOf(answer, 'initialize', port);
  const version = isObject(result) ? result['protocolVersion'] : undefined;
  if (version !== PROTOCOL_VERSION) {
    const shown = version === undefined ? 'none' : JSON.stringify(version);
    throw unavailable(
      'agent-protocol',
      `conduxt speaks ACP version ${PROTOCOL_VERSION}, the agent answered with version ${shown}`,
      { remedy: 'install a version of the agent that speaks ACP version 1', facts: { asked: 1, answered: version } },
    );
  }
  return result;
}

async function openNew(
  login: Login,
  port: HandshakePort,
  spec: HandshakeSpec,
): Promise<{ readonly nativeId: string; readonly result: unknown }> {
  const answer = await login.send('session/new', { cwd: spec.cwd, mcpServers: [] });
  if (isAuthRequired(answer)) throw login.required(answer);
  const result = resultOf(answer, 'session/new', port);
  const nativeId = textAt(result, 'sessionId');
  if (nativeId === null || nativeId === '') {
    throw unavailable('agent-protocol', 'the agent opened a session without an id', { remedy: 'update the agent' });
  }
  return { nativeId, result };
}

interface Refusal {
  readonly type: 'refusal';
  /** Null: no answer, or one that is none. */
  readonly code: number | null;
  readonly message: string;
}

/** The result may be null or empty; agents that continue another session are refused. */
async function continueWith(
  method: 'session/resume' | 'session/load',
  login: Login,
  port: HandshakePort,
  spec: HandshakeSpec,
  sessionId: string,
): Promise<Refusal | { readonly type: 'result'; readonly result: unknown }> {
  port.closeGate();
  const answer = await login.send(method, { sessionId, cwd: spec.cwd, mcpServers: [] });
  if (answer === null) return { type: 'refusal', code: null, message: `the agent did not answer ${method} in time` };
  switch (answer.type) {
    case 'lost':
      throw notStarted(method, answer.why, port);
    case 'error':
      return { type: 'refusal', code: answer.error.code, message: `${method}: ${errorText(answer.error)}` };
    case 'result': {
      const other = textAt(answer.result, 'sessionId');
      if (other !== null && other !== sessionId)
        return { type: 'refusal', code: null, message: `${method} answered with session ${other}` };
      await port.openGate(method === 'session/load');
      return { type: 'result', result: answer.result };
    }
  }
}

/** Sends session requests; answers a demand for login with at most one unattended `authenticate` and one retry. */
class Login {
  readonly #port: HandshakePort;
  readonly #initialized: unknown;
  #tried = false;

  constructor(port: HandshakePort, initialized: unknown) {
    this.#port = port;
    this.#initialized = initialized;
  }

  async send(method: string, params: object): Promise<Answer | null> {
    const answer = await this.#port.send(method, params);
    const way = unattendedMethod(this.#initialized);
    if (!isAuthRequired(answer) || this.#tried || way === null) return answer;
    this.#tried = true;
    const authenticated = await this.#port.send('authenticate', { methodId: way.id });
    return authenticated?.type === 'result' ? this.#port.send(method, params) : answer;
  }

  required(answer: Answer | null): ConduxtError {
    const methods = authMethodsOf(this.#initialized);
    const names = methods.map((method) => method.name).join(', ');
    const detail = answer?.type === 'error' ? `: ${errorText(answer.error)}` : '';
    return unavailable('agent-login-required', `the agent wants a login${detail}`, {
      remedy: names === '' ? 'log in with the agent itself' : `log in with the agent itself; it offers: ${names}`,
      facts: { methods, tried: this.#tried },
    });
  }
}

const isAuthRequired = (answer: Answer | null): boolean =>
  answer?.type === 'error' && answer.error.code === AUTH_REQUIRED;

function resultOf(answer: Answer | null, method: string, port: HandshakePort): unknown {
  if (answer === null) {
    throw unavailable('agent-start-timeout', `the agent did not answer ${method} in time`, {
      remedy: 'try again, or raise the start timeout: a first start can be slow',
      facts: { method },
    });
  }
  switch (answer.type) {
    case 'result':
      return answer.result;
    case 'lost':
      throw notStarted(method, answer.why, port);
    case 'error':
      throw unavailable('agent-protocol', `the agent refused ${method}: ${errorText(answer.error)}`, {
        remedy: 'run the agent by hand and check its version and settings',
        facts: { method, ...answer.error },
      });
  }
}

const notStarted = (method: string, why: string, port: HandshakePort): ConduxtError =>
  unavailable('agent-not-started', `no answer to ${method}: ${why}`, {
    remedy: 'run the agent by hand and read what it says (conduxt doctor)',
    facts: { method, ...port.endFacts() },
  });

const sessionLost = (nativeId: string, refusal: Refusal): ConduxtError =>
  unavailable('agent-session-lost', `the agent cannot continue session ${nativeId}: ${refusal.message}`, {
    remedy: 'go on in a new session of the agent (conduxt retry); what it has done is in the worktree',
    facts: { nativeId, code: refusal.code },
  });
