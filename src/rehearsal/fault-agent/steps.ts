import { spawn } from 'node:child_process';
import { closeSync, existsSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from './log.ts';
import type { Output } from './output.ts';
import { isObject, type Step } from './script.ts';

/** No delay of a script is longer: a forgotten agent must not live for ever. */
const MAX_DELAY_MS = 60_000;
/** A file that never comes ends the program with code 97. */
const MAX_FILE_WAIT_MS = 60_000;

export interface Scene {
  readonly sessionId: string;
  readonly cwd: string;
  readonly output: Output;
  readonly log: Log;
  /** Values for `{{nonce}}`, `{{task_id}}`, `{{session}}`, `{{cwd}}`, `{{prompt}}`. */
  readonly values: Readonly<Record<string, string>>;
  /** Aborted when the turn was cancelled and the script wants to stop for it. */
  readonly signal: AbortSignal;
  /** Sends a request to the client; settles with its answer. */
  request(method: string, params: unknown, id?: unknown): Promise<Record<string, unknown>>;
  pendingPermissions(): readonly { readonly id: unknown; readonly answer: Promise<Record<string, unknown>> }[];
}

/** How a list of steps ended: `null` is "ran through". */
export type End =
  | { readonly type: 'answer'; readonly body: Readonly<Record<string, unknown>> }
  | { readonly type: 'no-answer' }
  | { readonly type: 'cancelled' }
  | null;

/** Runs steps one after the other; stops at the first that ends the turn, or when the scene's signal aborts. */
export async function runSteps(steps: readonly Step[], scene: Scene): Promise<End> {
  for (const step of steps) {
    if (scene.signal.aborted) return { type: 'cancelled' };
    let end: End;
    try {
      end = await runStep(step, scene);
    } catch (error) {
      if (scene.signal.aborted) return { type: 'cancelled' };
      throw error;
    }
    if (end !== null) return end;
  }
  return scene.signal.aborted ? { type: 'cancelled' } : null;
}

async function runStep(step: Step, scene: Scene): Promise<End> {
  const { output, log, signal } = scene;
  const fill = (text: string): string =>
    text.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => scene.values[name] ?? whole);
  const update = (body: unknown, sessionId = scene.sessionId): Promise<void> =>
    output.message({ method: 'session/update', params: { sessionId, update: body } });
  const chunk = (kind: string, text: string, messageId?: string): Promise<void> =>
    update({ sessionUpdate: kind, content: { type: 'text', text }, ...(messageId === undefined ? {} : { messageId }) });

  switch (step.type) {
    case 'text': {
      for (const part of cut(fill(step.text), step.chunks ?? 1))
        await chunk('agent_message_chunk', part, step.messageId);
      return null;
    }
    case 'thought':
      await chunk('agent_thought_chunk', fill(step.text));
      return null;
    case 'tool':
    case 'tool-update': {
      const { type, ...fields } = step;
      await update({ sessionUpdate: type === 'tool' ? 'tool_call' : 'tool_call_update', ...fields });
      return null;
    }
    case 'plan':
      await update({ sessionUpdate: 'plan', entries: step.entries });
      return null;
    case 'usage': {
      const { type: _type, ...fields } = step;
      await update({ sessionUpdate: 'usage_update', ...fields });
      return null;
    }
    case 'update':
      await update(step.update, step.sessionId);
      return null;
    case 'callback': {
      const callback = {
        task_id: scene.values['task_id'] ?? 'none',
        nonce: scene.values['nonce'] ?? 'none',
        status: step.status,
        summary: `scripted: ${step.status}`,
        ...(isObject(step.fields) ? step.fields : {}),
      };
      const block = '```callback-json\n' + JSON.stringify(callback, null, 2) + '\n```\n';
      await chunk('agent_message_chunk', fill(step.lead ?? '') + block);
      return null;
    }
    case 'flood': {
      for (let index = 0; index < step.count && !signal.aborted; index += 1) {
        await chunk('agent_message_chunk', `${index} `.padEnd(step.bytes, '.'));
      }
      log.add('flood-written', { count: step.count });
      return null;
    }

    case 'past-prompts': {
      const texts = log.past('prompt').map((past) => String(past['text']));
      for (const text of texts.slice(0, step.count)) await chunk('user_message_chunk', text);
      return null;
    }

    case 'permission': {
      const toolCall = step.toolCall ?? { toolCallId: 'call-1', title: 'do something', kind: 'execute' };
      const answered = scene
        .request('session/request_permission', { sessionId: scene.sessionId, toolCall, options: step.options })
        .then((answer) => outcomeOf(answer));
      if (step.wait === false) {
        await output.flushed();
        return null;
      }
      const outcome = await untilAborted(answered, signal);
      const next = step.onAnswer?.[outcome] ?? step.onAnswer?.['*'];
      return next === undefined ? null : runSteps(next, scene);
    }
    case 'await-permissions':
      await untilAborted(Promise.all(scene.pendingPermissions().map((pending) => pending.answer)), signal);
      return null;
    case 'withdraw-permissions':
      for (const { id } of scene.pendingPermissions()) {
        await output.message({ method: '$/cancel_request', params: { requestId: id } });
      }
      return null;
    case 'request': {
      const answered = scene.request(step.method, step.params ?? {}, step.id).then((answer) => {
        log.add('answer', { method: step.method, answer });
      });
      await (step.wait === false ? output.flushed() : untilAborted(answered, signal));
      return null;
    }
    case 'notify':
      await output.message({ method: step.method, params: step.params ?? {} });
      return null;

    case 'shell': {
      const child = spawn('/bin/sh', ['-c', fill(step.command)], { cwd: scene.cwd, stdio: ['ignore', 'pipe', 'pipe'] });
      let text = '';
      child.stdout.on('data', (data: Buffer) => (text += data.toString()));
      child.stderr.on('data', (data: Buffer) => (text += data.toString()));
      const exitCode = await new Promise((resolve) => child.once('close', resolve));
      log.add('shell', { command: fill(step.command), exitCode, output: text.slice(-4000) });
      return null;
    }
    case 'write-file':
      // Renamed into place, so that whoever waits for the file never reads half of it.
      writeFileSync(`${fill(step.path)}.tmp`, fill(step.text ?? ''));
      renameSync(`${fill(step.path)}.tmp`, fill(step.path));
      return null;
    case 'spawn': {
      const options = { detached: step.setsid === true, stdio: 'ignore' as const };
      spawn(process.execPath, ['-e', bystander(step.ignoreTerm === true), fill(step.pidFile)], options).unref();
      await waitForFile(fill(step.pidFile), signal);
      return null;
    }
    case 'hold-stdout': {
      // Out of reach: neither in the group nor marked. Whoever runs this ends it by the pid in the file.
      const stdio: ('ignore' | 'inherit')[] = ['ignore', 'inherit', 'ignore'];
      const options = { detached: true, stdio, env: {} };
      spawn(process.execPath, ['-e', bystander(false), fill(step.pidFile)], options).unref();
      await waitForFile(fill(step.pidFile), signal);
      return null;
    }

    case 'delay':
      await delay(Math.min(step.ms, MAX_DELAY_MS), undefined, { signal });
      return null;
    case 'wait-for-file':
      await waitForFile(fill(step.path), signal);
      return null;

    case 'raw':
      await output.bytes(Buffer.from(fill(step.text) + (step.newline === false ? '' : '\n')));
      return null;
    case 'huge-line': {
      if (step.valid === true) await chunk('agent_message_chunk', 'x'.repeat(step.bytes));
      else {
        const block = Buffer.alloc(64 * 1024, 'x');
        for (let left = step.bytes; left > 0; left -= block.length) {
          await output.bytes(block.subarray(0, Math.min(left, block.length)));
        }
        await output.bytes(Buffer.from('\n'));
      }
      log.add('huge-line-written');
      return null;
    }
    case 'stderr':
      process.stderr.write(fill(step.text));
      return null;
    case 'wire':
      output.wire = { ...output.wire, ...(isObject(step.wire) ? step.wire : {}) };
      return null;
    case 'hang':
      // The timer keeps the program alive, and bounds it.
      await delay(10 * MAX_DELAY_MS, undefined, { signal });
      return null;
    case 'stop-reading':
      process.stdin.pause();
      return null;
    case 'close-stdout':
      await output.flushed();
      // Node itself never closes its own stdout.
      closeSync(1);
      return null;
    case 'exit':
      await output.flushed();
      if (step.signal !== undefined) process.kill(process.pid, step.signal);
      else process.exit(step.code ?? 0);
      await delay(MAX_DELAY_MS);
      return null;

    case 'answer':
      if (step.error !== undefined) return { type: 'answer', body: { error: step.error } };
      // A result may be null, so its presence counts.
      return {
        type: 'answer',
        body: { result: 'result' in step ? step.result : { stopReason: step.stopReason ?? 'end_turn' } },
      };
    case 'no-answer':
      return { type: 'no-answer' };
  }
}

/** A program that writes its pid to the file in its first argument and then stays for a while. */
const bystander = (ignoresTerm: boolean): string => `
  ${ignoresTerm ? "process.on('SIGTERM', () => {});" : ''}
  setTimeout(() => {}, 120_000);
  const fs = require('node:fs');
  fs.writeFileSync(process.argv[1] + '.tmp', String(process.pid));
  fs.renameSync(process.argv[1] + '.tmp', process.argv[1]);`;

function cut(text: string, parts: number): string[] {
  const letters = Array.from(text);
  const size = Math.max(1, Math.ceil(letters.length / parts));
  const found: string[] = [];
  for (let at = 0; at < letters.length; at += size) found.push(letters.slice(at, at + size).join(''));
  return found;
}

/** The chosen option's id, `cancelled`, or `error`. */
export function outcomeOf(answer: Record<string, unknown>): string {
  const result = answer['result'];
  const outcome = isObject(result) ? result['outcome'] : undefined;
  if (!isObject(outcome)) return 'error';
  return outcome['outcome'] === 'selected' ? String(outcome['optionId']) : String(outcome['outcome']);
}

async function waitForFile(path: string, signal: AbortSignal): Promise<void> {
  for (let waited = 0; !existsSync(path); waited += 20) {
    if (waited >= MAX_FILE_WAIT_MS) process.exit(97);
    await delay(20, undefined, { signal });
  }
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new Error('cancelled'));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
