import * as z from 'zod';
import type { AgentListener, AgentSession, AgentUpdate, Backend, BackendNotice, OpenSpec } from '../backend/backend.ts';
import { ConduxtError, messageOf } from '../errors.ts';
import { endRecorded } from '../process/group.ts';
import type { HistoryItem } from '../session/history.ts';
import { ChunkRedactor, type Chunk, type Released } from '../text/chunk-redactor.ts';
import { oneLine } from '../text/sanitize.ts';
import type { HostContext } from './context.ts';
import { lastLines } from './dialog-answers.ts';
import { SILENCE, tellPeople } from './tell-people.ts';
import { guardedEnvironment } from './guard-hooks.ts';

/**
 * What set-up and verification carry instead of the agent's own marker: ending the agent must not end its judge.
 */
export const stepMarker = (sessionId: string): string => `${sessionId}.step`;

/** People are told, once in a turn, after so many of the times after which a silence is only written down: half an hour. */
const SILENCES_TO_TELL = 6;

/** Who answers what the agent asks in a turn. */
export type Answers = Required<Pick<AgentListener, 'permission' | 'dialog'>>;

/** Update kinds say too little to keep a person waiting: garbage is told once per kind and burst. */
const MAX_NOTICES = 50;

/**
 * The one agent process of a session: opened when a prompt is due, kept between turns, resumed under its native id
 * after it or its host died.
 */
export class AgentSeat {
  readonly #context: HostContext;
  #backend: Backend;
  #spec: Omit<OpenSpec, 'resume'>;
  readonly #answers: Answers;
  readonly #chunks: ChunkRedactor<AgentUpdate>;
  /** What the agent prints beside the protocol comes in pieces, too. */
  readonly #stderr: ChunkRedactor<string>;
  #session: AgentSession | null = null;
  /** Settles when no agent is being opened for its history: whoever asked for it may have gone on. */
  #recalling: Promise<unknown> = Promise.resolve();
  #dialogAnswer: OpenSpec['dialogAnswer'] | null = null;
  #notices = 0;

  constructor(context: HostContext, backend: Backend, spec: Omit<OpenSpec, 'resume'>, answers: Answers) {
    this.#context = context;
    this.#backend = backend;
    this.#spec = spec;
    this.#answers = answers;
    this.#chunks = new ChunkRedactor(context.redact, context.mayGoOn);
    this.#stderr = new ChunkRedactor(context.redact, context.mayGoOn);
  }

  /** The living agent, or null. */
  get current(): AgentSession | null {
    return this.#session;
  }

  /** From here on the agent is talked to this way. The one that runs is ended first. */
  async use(backend: Backend, spec: Omit<OpenSpec, 'resume'>): Promise<void> {
    await this.close();
    this.#backend = backend;
    this.#spec = spec;
  }

  get backendName(): Backend['name'] {
    return this.#backend.name;
  }

  /** Ends what an earlier host's agent left behind: two agents must never work in one directory. */
  async sweep(): Promise<void> {
    // A look at every process of the machine, and nothing was ever started for this session.
    if (this.#context.log.epoch === 1) return;
    const { agent } = this.#context.log.folded.life;
    const patience = { patienceMs: 0, termPatienceMs: this.#spec.termPatienceMs };
    if (await this.#adopt()) {
      await endRecorded(null, { sessionId: stepMarker(this.#context.record.id), ...patience });
      return;
    }
    const left = [
      ...(await endRecorded(agent.process, { sessionId: this.#context.record.id, ...patience })),
      ...(await endRecorded(null, { sessionId: stepMarker(this.#context.record.id), ...patience })),
    ];
    if (agent.running) {
      await this.#context.log.appendPatiently({
        type: 'agent-exited',
        exitCode: null,
        signal: null,
        left,
        stderrTail: '',
      });
    }
    if (left.length > 0)
      await this.#milestone(`processes of an earlier run could not be ended: ${left.join(', ')}`, 'warn');
  }

  /** The agent, started or resumed if need be. Rejects as `Backend.open` does. */
  async open(dialogAnswer: OpenSpec['dialogAnswer'] | null = null): Promise<AgentSession> {
    this.#dialogAnswer = dialogAnswer;
    await this.#recalling;
    // A dead agent's group may still be on its way out: what is said to it would reach nobody.
    if (this.#session?.isGone === true) await this.#onExit(this.#session, await this.#session.exited);
    if (this.#session !== null) return this.#session;
    const known = this.#context.log.folded.life.agent.nativeId;
    let session: AgentSession;
    try {
      session = await this.#start(known, null);
    } catch (error) {
      if (known === null || !(error instanceof ConduxtError) || error.code !== 'agent-session-lost') throw error;
      // Said in the journal, in the milestones and to the agent itself: a new conversation is never passed off as the old.
      await this.#milestone(`the agent's conversation could not be resumed: ${error.message}`, 'warn');
      session = await this.#start(null, error.message);
    }
    return this.#seated(session);
  }

  #seated(session: AgentSession): AgentSession {
    this.#session = session;
    void session.exited.then((exit) => this.#onExit(session, exit));
    return session;
  }

  /**
   * Opens the agent so that it tells its history. Null when it cannot, or runs already. Rejects as `Backend.open` does;
   * no new conversation is begun.
   */
  async recall(told: (item: HistoryItem) => void): Promise<AgentSession | null> {
    await this.#recalling;
    const known = this.#context.log.folded.life.agent.nativeId;
    if (this.#session !== null || known === null) return null;
    if (this.#backend.name !== 'acp' || this.#spec.losesSessions === true) return null;
    const opened = this.#start(known, null, told).then((session) => this.#seated(session));
    this.#recalling = opened.catch(() => {});
    return opened;
  }

  /** A person has answered, in its terminal, what the agent asked when it was started. */
  async listens(): Promise<boolean> {
    return (await this.#backend.listens?.()) ?? false;
  }

  /** Lets go of an agent that outlives its host; any other one is ended. */
  async leave(): Promise<readonly number[]> {
    const session = this.#session;
    if (session?.release === undefined || session.isGone) return this.close();
    await session.release();
    this.#session = null;
    return [];
  }

  /** Whether the agent of an earlier host lives on and is ours again. */
  async #adopt(): Promise<boolean> {
    const session = (await this.#backend.adopt?.({ ...this.#spec, resume: null }, this.#listener())) ?? null;
    if (session === null) return false;
    this.#session = session;
    void session.exited.then((exit) => this.#onExit(session, exit));
    this.#context.note('the agent in its terminal lived on; this host goes on with it');
    return true;
  }

  async close(): Promise<readonly number[]> {
    await this.#recalling;
    const session = this.#session;
    if (session === null) return [];
    const exit = await session.close();
    await this.#onExit(session, exit);
    return exit.left;
  }

  /** Ends the agent, and whatever carries the session's marker, without a record: that comes when the disk takes it. */
  async end(): Promise<readonly number[]> {
    const { id } = this.#context.record;
    const patience = { patienceMs: 0, termPatienceMs: this.#spec.termPatienceMs };
    await this.#session?.close();
    // Also one that is just being started, and what set-up or tests run.
    const left = await Promise.all(
      [id, stepMarker(id)].map((sessionId) => endRecorded(null, { sessionId, ...patience })),
    );
    return left.flat();
  }

  /** @param told wants its history, where it can tell it. */
  async #start(
    resume: string | null,
    lost: string | null,
    told: ((item: HistoryItem) => void) | null = null,
  ): Promise<AgentSession> {
    const { log, redact } = this.#context;
    const env = await guardedEnvironment(this.#context, this.#spec.env);
    // What its conversation is called may also be heard later, and again: not before the journal knows of the agent.
    let announce: (nativeId: string) => Promise<void> = async () => {};
    const listener: AgentListener = {
      ...this.#listener(),
      named: (nativeId) => announce(nativeId),
      ...(told === null ? {} : { replayed: told }),
    };
    const answer = this.#dialogAnswer ?? null;
    const given = answer === null ? {} : { dialogAnswer: answer };
    const spec: OpenSpec = { ...this.#spec, ...given, env, resume, ...(told === null ? {} : { wantsHistory: true }) };
    const session = await this.#backend.open(spec, listener);
    await log.appendPatiently({
      type: 'agent-started',
      process: session.process,
      command: this.#spec.command,
      args: this.#spec.args.map(redact),
    });
    const { continuity, agentVersion } = session;
    const opened = { type: 'agent-session', continuity, agentVersion } as const;
    announce = async (nativeId) => void (await log.appendPatiently({ ...opened, nativeId }));
    const forgot = lost ?? this.#forgotten(resume);
    const { nativeId } = session;
    if (forgot !== null) await log.appendPatiently({ ...opened, nativeId, lost: redact(forgot) });
    else if (nativeId !== null) await announce(nativeId);
    return session;
  }

  /** Prompts were handed to an agent that was gone before it had named its conversation. */
  #forgotten(resume: string | null): string | null {
    const { turns, life } = this.#context.log.folded;
    const isLost = resume === null && turns.count > 0 && life.agent.lost === null;
    return isLost ? 'it ended before it had named its conversation' : null;
  }

  #listener(): AgentListener {
    const { log } = this.#context;
    return {
      update: (update) => this.#transcribe(update),
      accepted: async (turnId) => {
        const open = log.folded.turns.open;
        if (open?.turnId === turnId) await log.appendPatiently({ type: 'prompt-accepted', promptId: open.promptId });
      },
      ...this.#answers,
      notice: (notice) => this.#onNotice(notice),
    };
  }

  /** What waits for the rest of a text goes into the transcript: the text is over. */
  flushText(): void {
    void this.#write(this.#chunks.flush());
  }

  #transcribe(update: AgentUpdate): void | Promise<void> {
    return this.#write(this.#chunks.push({ item: update, piece: pieceOf(update) }));
  }

  #write(released: readonly Released<AgentUpdate>[]): void | Promise<void> {
    const { log, redact } = this.#context;
    let full: void | Promise<void> = undefined;
    for (const { item, text } of released) {
      const raw = text === null ? item.text : withText(item, text);
      const safe = redact(raw);
      const unchanged = text === null && safe === raw;
      full = log.transcribe(item.turnId, unchanged ? item.raw : Buffer.from(safe)) ?? full;
    }
    return full;
  }

  /** Nothing is ended for it: a long tool, or long thinking, says nothing either. */
  #tellOfSilence({ forMs, screen }: Extract<BackendNotice, { readonly type: 'silent' }>): void {
    const { log, note } = this.#context;
    const turn = log.folded.turns.open;
    if (screen === undefined || turn === null || forMs < this.#spec.silenceWarnMs * SILENCES_TO_TELL) return;
    const about = `${SILENCE}${turn.turnId}`;
    if (log.folded.life.notified.has(about)) return;
    tellPeople(this.#context, about, screen).catch((error: unknown) => note(`telling people: ${messageOf(error)}`));
  }

  #onNotice(notice: BackendNotice): void {
    if (notice.type === 'stderr') {
      const { text } = notice;
      this.#noteStderr(this.#stderr.push({ item: text, piece: { of: 'stderr', text } }));
      return;
    }
    this.#context.note(`agent: ${this.#context.redact(JSON.stringify(notice))}`);
    if (notice.type === 'silent') this.#tellOfSilence(notice);
    const text = describeNotice(notice);
    if (text === null || this.#notices >= MAX_NOTICES) return;
    this.#notices += 1;
    this.#milestone(text, 'warn').catch((error: unknown) => this.#context.note(`milestone: ${messageOf(error)}`));
  }

  #noteStderr(released: readonly Released<string>[]): void {
    const said = released.map(({ item, text }) => this.#context.redact(text ?? item)).join('');
    if (said !== '') this.#context.note(`agent: ${JSON.stringify({ type: 'stderr', text: said })}`);
  }

  async #onExit(session: AgentSession, exit: Awaited<AgentSession['exited']>): Promise<void> {
    if (this.#session !== session) return;
    this.flushText();
    this.#noteStderr(this.#stderr.flush());
    this.#session = null;
    const stderrTail = this.#context.redact(exit.stderrTail).slice(-4096);
    await this.#context.log.appendPatiently({ type: 'agent-exited', ...exit, stderrTail });
  }

  async #milestone(text: string, level: 'info' | 'warn'): Promise<void> {
    await this.#context.log.appendPatiently({
      type: 'milestone',
      text: oneLine(this.#context.redact(text), 300),
      level,
    });
  }
}

/** Texts that come in pieces are the agent's messages and thoughts. */
function pieceOf({ turnId, view }: AgentUpdate): Chunk<AgentUpdate>['piece'] {
  if (view.type === 'message') return { of: `${turnId} message ${view.messageId}`, text: view.text };
  return view.type === 'thought' ? { of: `${turnId} thought`, text: view.text } : null;
}

/** The agent's line with another text in it. One of a shape we do not know is not worth a secret. */
function withText(item: AgentUpdate, text: string): string {
  const known = textUpdate.safeParse(JSON.parse(item.text));
  if (!known.success) return '{"redacted":"line"}';
  const { data } = known;
  const { update } = data.params;
  const content = { ...update.content, text };
  return JSON.stringify({ ...data, params: { ...data.params, update: { ...update, content } } });
}

const textUpdate = z.looseObject({
  params: z.looseObject({ update: z.looseObject({ content: z.looseObject({ text: z.string() }) }) }),
});

/** What a person should know about; null for what belongs into the host's log only. */
function describeNotice(notice: BackendNotice): string | null {
  switch (notice.type) {
    case 'line-dropped':
      return `a message of the agent was dropped (${notice.why}, ${notice.bytes} bytes)`;
    case 'silent':
      return `the agent has been silent for ${Math.round(notice.forMs / 1000)} s${notice.toolPending ? ' while a tool runs' : ''}`;
    case 'noise':
      return notice.lines === 1 ? `the agent printed something that is not ACP: ${notice.sample}` : null;
    case 'refused':
      return `refused: ${notice.what} (${notice.reason})`;
    case 'asks':
      return `the agent asks something on its screen that only a person can answer: ${lastLines(notice.screen)}`;
    case 'protocol-oddity':
    case 'stderr':
      return null;
  }
}
