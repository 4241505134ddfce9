import { Log } from './log.ts';
import { Output } from './output.ts';
import { isObject, type CancelScript, type MethodScript, type PromptScript, type Run, type Script } from './script.ts';
import { outcomeOf, runSteps, type End, type Scene } from './steps.ts';

interface Turn {
  readonly id: unknown;
  readonly cancel: CancelScript;
  readonly abort: AbortController;
}
interface Pending {
  readonly id: unknown;
  readonly permission: boolean;
  readonly answer: Promise<Record<string, unknown>>;
  readonly resolve: (answer: Record<string, unknown>) => void;
}

/** The scripted agent of one process: takes messages in the order they come, lets turns run beside them. */
export class FaultAgent {
  readonly #run: Run;
  readonly #log: Log;
  readonly #output: Output;
  readonly #pending = new Map<string, Pending>();
  #values: Record<string, string>;
  #cwd = process.cwd();
  #sessionId = 'none';
  #turn: Turn | null = null;
  #loggedIn = false;
  #nextId = 9000;
  #promptId: unknown = null;
  #tail: Promise<void> = Promise.resolve();

  constructor(script: Script) {
    const session = process.env['CONDUXT_SESSION'] ?? 'none';
    this.#log = new Log(script.log?.replaceAll('{{session}}', session) ?? null);
    const starts = this.#log.past('start').length;
    const runs = script.runs ?? [];
    this.#run = { ...script, ...runs[Math.min(starts, runs.length - 1)] };
    this.#output = new Output(this.#run.wire ?? {});
    this.#values = { session, cwd: this.#cwd };
    for (const { text } of this.#log.past('prompt')) this.#values = { ...this.#values, ...namesIn(String(text)) };
    this.#log.add('start', { run: starts, cwd: this.#cwd, args: process.argv.slice(2), env: { ...process.env } });
  }

  get run(): Run {
    return this.#run;
  }

  async start(): Promise<void> {
    await runSteps(this.#run.start ?? [], this.#scene(new AbortController().signal));
  }

  note(event: string): void {
    this.#log.add(event);
  }

  /** One message of the client. Requests are handled one after the other; a turn goes on beside them. */
  receive(message: unknown): void {
    if (!isObject(message)) return;
    const { id, method } = message;
    if (typeof method !== 'string') {
      const key = JSON.stringify(id);
      const pending = this.#pending.get(key);
      this.#pending.delete(key);
      // Logged here, not by the step that waits: the log keeps the order of arrival.
      if (pending?.permission === true) this.#log.add('permission', { outcome: outcomeOf(message) });
      pending?.resolve(message);
    } else {
      this.#tail = this.#tail.then(() => this.#handle(id, method, message));
    }
  }

  async #handle(id: unknown, method: string, message: Record<string, unknown>): Promise<void> {
    const params = isObject(message['params']) ? message['params'] : {};
    if (method !== 'session/prompt') this.#log.add('received', { method, params });
    switch (method) {
      case 'initialize':
        return this.#answer(id, this.#run.initialize, this.#initializeResult());
      case 'authenticate':
        this.#loggedIn = this.#run.authenticate?.error === undefined;
        return this.#answer(id, this.#run.authenticate, {});
      case 'session/new':
        this.#cwd = typeof params['cwd'] === 'string' ? params['cwd'] : this.#cwd;
        this.#values = { ...this.#values, cwd: this.#cwd };
        if (this.#run.authRequired === 'always' || (this.#run.authRequired === 'once' && !this.#loggedIn)) {
          return this.#output.message({ id, error: { code: -32000, message: 'Authentication required' } });
        }
        this.#sessionId = this.#run.new?.sessionId ?? `fault-${process.pid}`;
        return this.#answer(id, this.#run.new, { sessionId: this.#sessionId });
      case 'session/load':
      case 'session/resume':
        this.#sessionId = String(params['sessionId']);
        this.#cwd = typeof params['cwd'] === 'string' ? params['cwd'] : this.#cwd;
        this.#values = { ...this.#values, cwd: this.#cwd };
        return this.#answer(id, method === 'session/load' ? this.#run.load : this.#run.resume, {});
      case 'session/prompt':
        return this.#prompt(id, params);
      case 'session/cancel':
        this.#cancel();
        return;
      case '_session/steering':
        await runSteps(this.#run.steering?.steps ?? [], this.#scene(new AbortController().signal));
        return this.#output.message(
          this.#run.steering === undefined
            ? unknownMethod(id)
            : { id, result: { outcome: this.#run.steering.outcome } },
        );
      default:
        if (id === undefined) return;
        if (this.#run.methods?.[method] !== undefined) return this.#answer(id, this.#run.methods[method], {});
        return this.#output.message(unknownMethod(id));
    }
  }

  #initializeResult(): Record<string, unknown> {
    const script = this.#run.initialize;
    const sessionCapabilities = this.#run.resume?.supported === true ? { resume: {} } : {};
    const steering = this.#run.steering === undefined ? undefined : { steering: { supported: true } };
    return {
      ...(script?.omitVersion === true ? {} : { protocolVersion: script?.protocolVersion ?? 1 }),
      agentCapabilities: {
        loadSession: this.#run.load?.supported === true,
        sessionCapabilities,
        ...script?.capabilities,
      },
      authMethods: script?.authMethods ?? [],
      agentInfo: { name: 'fault-agent', version: script?.version ?? '0' },
      ...(script?.meta === undefined && steering === undefined ? {} : { _meta: script?.meta ?? steering }),
    };
  }

  async #answer(id: unknown, script: MethodScript | undefined, fallback: unknown): Promise<void> {
    const scene = this.#scene(new AbortController().signal);
    await runSteps(script?.before ?? [], scene);
    if (script?.silent === true) return;
    const result = script !== undefined && 'result' in script ? script.result : fallback;
    await this.#output.message(script?.error === undefined ? { id, result } : { id, error: script.error });
    void runSteps(script?.after ?? [], scene);
  }

  #prompt(id: unknown, params: Record<string, unknown>): void {
    const text = textOf(params['prompt']);
    const entries = this.#run.prompts ?? [];
    const index = this.#choose(entries, text);
    this.#log.add('prompt', { text, entry: index, sessionId: params['sessionId'], busy: this.#turn !== null, id });
    this.#promptId = id;
    this.#values = {
      ...this.#values,
      prompt: text,
      prompt_id: JSON.stringify(id),
      ...namesIn(text),
    };
    const entry = entries[index];
    if (entry === undefined) {
      void this.#output.message({ id, error: { code: -32603, message: 'the script has no entry for this prompt' } });
      return;
    }
    const turn: Turn = { id, cancel: entry.onCancel ?? this.#run.onCancel ?? {}, abort: new AbortController() };
    this.#turn = turn;
    void this.#play(entry, turn);
  }

  async #play(entry: PromptScript, turn: Turn): Promise<void> {
    const end = await runSteps(entry.steps, this.#scene(turn.abort.signal));
    const body = end?.type === 'cancelled' ? await this.#afterCancel(turn.cancel) : bodyOf(end);
    // Messages sent meanwhile are already queued, so the answer comes after them.
    if (this.#turn === turn) this.#turn = null;
    if (body === null) return;
    await this.#output.message({ id: turn.id, ...body });
    this.#log.add('answered', body);
    await runSteps(entry.after ?? [], this.#scene(new AbortController().signal));
  }

  async #afterCancel(script: CancelScript): Promise<Record<string, unknown>> {
    await runSteps(script.steps ?? [], this.#scene(new AbortController().signal));
    if (script.waitForPermissions === true) await Promise.all(this.#permissions().map((pending) => pending.answer));
    if (script.answer === 'error') return { error: { code: -32603, message: 'aborted' } };
    return { result: { stopReason: script.answer ?? 'cancelled' } };
  }

  #cancel(): void {
    const turn = this.#turn;
    this.#log.add('cancel', { idle: turn === null });
    if (turn !== null && turn.cancel.answer !== 'ignore') turn.abort.abort();
  }

  /** The entry for a prompt: the first that fits and is not used up; when all are, the last that fits. */
  #choose(entries: readonly PromptScript[], text: string): number {
    const fitting = entries
      .map((entry, index) => ({ entry, index }))
      .filter(({ entry }) => entry.match === undefined || new RegExp(entry.match, 's').test(text));
    const fresh = fitting.find(({ entry, index }) => {
      const times = entry.times ?? (entry.match === undefined ? 1 : Infinity);
      return times === Infinity || this.#log.past('prompt').filter((past) => past['entry'] === index).length < times;
    });
    return (fresh ?? fitting.at(-1))?.index ?? -1;
  }

  #permissions(): readonly Pending[] {
    return [...this.#pending.values()].filter((pending) => pending.permission);
  }

  #scene(signal: AbortSignal): Scene {
    return {
      sessionId: this.#sessionId,
      cwd: this.#cwd,
      output: this.#output,
      log: this.#log,
      values: this.#values,
      signal,
      request: (method, params, id) => this.#request(method, params, id),
      pendingPermissions: () => this.#permissions(),
    };
  }

  async #request(method: string, params: unknown, ownId?: unknown): Promise<Record<string, unknown>> {
    const id = ownId === '{{prompt_id}}' ? this.#promptId : (ownId ?? this.#nextId++);
    let resolve: (answer: Record<string, unknown>) => void = () => {};
    const answer = new Promise<Record<string, unknown>>((settle) => (resolve = settle));
    const permission = method === 'session/request_permission';
    this.#pending.set(JSON.stringify(id), { id, permission, answer, resolve });
    await this.#output.message({ id, method, params });
    return answer;
  }
}

const unknownMethod = (id: unknown): Record<string, unknown> => ({
  id,
  error: { code: -32601, message: 'Method not found' },
});

function bodyOf(end: End): Record<string, unknown> | null {
  if (end === null) return { result: { stopReason: 'end_turn' } };
  return end.type === 'answer' ? { ...end.body } : null;
}

function textOf(prompt: unknown): string {
  if (!Array.isArray(prompt)) return '';
  return prompt
    .map((block: unknown) => (isObject(block) && typeof block['text'] === 'string' ? block['text'] : ''))
    .join('');
}

const namesIn = (text: string): Record<string, string> => ({
  ...lastMatch('nonce', text),
  ...lastMatch('task_id', text),
});

/** `"nonce": "abc"` in the prompt, the last one; nothing when there is none, so that an earlier prompt's stays. */
function lastMatch(name: string, text: string): Record<string, string> {
  const found = [...text.matchAll(new RegExp(`"?${name}"?\\s*:\\s*"?([\\w.:/-]+)`, 'g'))].at(-1)?.[1];
  return found === undefined ? {} : { [name]: found };
}
