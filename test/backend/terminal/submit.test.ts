import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ScreenState } from '../../../src/agents/terminal/screen-state.ts';
import { clearBox, deliver, finishDelivery, tailOf, type SubmitPort } from '../../../src/backend/terminal/submit.ts';

const PROMPT = 'Make the sum 4, and tell me how.';
const ready = (input: string): ScreenState => ({ type: 'ready', input });
const DIALOG: ScreenState = { type: 'dialog', text: 'Do you trust it?' };

/** An agent that does what it is told on each key, on a clock that never really waits. */
class FakeAgent implements SubmitPort {
  screen: ScreenState = ready('');
  text = '';
  taken = false;
  over = false;
  /** What Enter, a paste and the clearing key do. */
  onEnter: () => void = () => (this.screen = ready(''));
  onPaste: (text: string) => void = (text) => (this.screen = ready(text));
  onClear: () => void = () => (this.screen = ready(''));
  onAsks: () => void = () => {};
  readonly did: string[] = [];
  readonly clear = ['C-u'];
  #nowMs = 0;
  readonly clock = {
    now: () => this.#nowMs,
    monotonic: () => this.#nowMs,
    after: (ms: number, fn: () => void) => {
      this.#nowMs += ms;
      queueMicrotask(fn);
      return () => {};
    },
  };

  look = async () => {
    const { screen } = this;
    if (screen.type === 'dialog') {
      this.did.push('asks');
      this.onAsks();
    }
    return { title: '', screen: this.text, state: screen };
  };
  seen = () => {};
  hasTaken = () => this.taken;
  isOver = () => this.over;
  async paste(text: string): Promise<void> {
    this.did.push('paste');
    this.onPaste(text);
  }
  async press(keys: readonly string[]): Promise<void> {
    this.did.push(...keys);
    if (keys[0] === 'Enter') this.onEnter();
    else this.onClear();
  }
}

describe('a prompt', () => {
  it('is taken when it was seen in the box, Enter was pressed once, and the box is empty', async () => {
    const agent = new FakeAgent();
    assert.equal(await deliver(agent, PROMPT, ''), 'taken');
    assert.deepEqual(agent.did, ['paste', 'Enter']);
  });

  for (const shown of ['[Pasted text #1 +300 lines]', '[Pasted Content 18492 chars]', '<12 lines, hidden>']) {
    it(`is seen in the box as ${shown}`, async () => {
      const agent = new FakeAgent();
      agent.onPaste = () => (agent.screen = ready(shown));
      assert.equal(await deliver(agent, PROMPT, ''), 'taken');
      assert.deepEqual(agent.did, ['paste', 'Enter']);
    });
  }

  it('that never arrives is unknown: no Enter, and not a second paste', async () => {
    for (const screen of [ready(''), { type: 'starting' } as const, { type: 'busy', input: '' } as const]) {
      const agent = new FakeAgent();
      agent.onPaste = () => (agent.screen = screen);
      assert.equal(await deliver(agent, PROMPT, ''), 'unknown');
      assert.deepEqual(agent.did, ['paste']);
    }
  });

  it('into which a dialog comes is entered only when the dialog is gone and the text is in the box', async () => {
    const agent = new FakeAgent();
    agent.onPaste = () => (agent.screen = DIALOG);
    agent.onAsks = () => {
      if (agent.did.length > 30) agent.screen = ready(PROMPT);
    };
    assert.equal(await deliver(agent, PROMPT, ''), 'taken');
    assert.deepEqual([...new Set(agent.did)], ['paste', 'asks', 'Enter']);
    assert.equal(agent.did.filter((key) => key === 'Enter').length, 1);
  });

  it('that went into a dialog is unknown', async () => {
    const agent = new FakeAgent();
    agent.onPaste = () => (agent.screen = DIALOG);
    agent.onAsks = () => {
      if (agent.did.length > 30) agent.screen = ready('');
    };
    assert.equal(await deliver(agent, PROMPT, ''), 'unknown');
    assert.ok(!agent.did.includes('Enter'));
  });

  it('is not taken because a dialog hides the box after Enter', async () => {
    const agent = new FakeAgent();
    let enters = 0;
    agent.onEnter = () => {
      enters += 1;
      agent.screen = enters === 1 ? DIALOG : ready('');
    };
    agent.onAsks = () => {
      if (agent.did.length > 200) agent.screen = ready(PROMPT);
    };
    assert.equal(await deliver(agent, PROMPT, ''), 'taken');
    assert.equal(enters, 2);
    assert.ok(agent.did.lastIndexOf('asks') < agent.did.lastIndexOf('Enter'));
  });

  it('that still stands in the box after three Enters is left there', async () => {
    const agent = new FakeAgent();
    agent.onEnter = () => {};
    assert.equal(await deliver(agent, PROMPT, ''), 'in-box');
    assert.deepEqual(agent.did, ['paste', 'Enter', 'Enter', 'Enter']);
  });

  it('is taken when the agent says so, or shows it above its box, with no Enter of ours', async () => {
    const hooked = new FakeAgent();
    hooked.onPaste = () => (hooked.taken = true);
    assert.equal(await deliver(hooked, PROMPT, ''), 'taken');
    const echoed = new FakeAgent();
    echoed.onPaste = () => (echoed.text = `> ${PROMPT}\n`);
    assert.equal(await deliver(echoed, PROMPT, 'before'), 'taken');
    const older = new FakeAgent();
    older.text = `> ${PROMPT}\n`;
    older.onPaste = () => {};
    assert.equal(await deliver(older, PROMPT, older.text), 'unknown', 'the same words of an earlier turn');
    for (const { did } of [hooked, echoed, older]) assert.deepEqual(did, ['paste']);
  });

  it('is not entered when the turn was cancelled meanwhile', async () => {
    const agent = new FakeAgent();
    agent.onPaste = () => (agent.over = true);
    assert.equal(await deliver(agent, PROMPT, ''), 'over');
    assert.deepEqual(agent.did, ['paste']);
  });

  it('of a host that died is never pasted again, and entered where it stands', async () => {
    const facts = { text: PROMPT, tail: tailOf(PROMPT), before: '', mayBeEntered: true };
    const inBox = new FakeAgent();
    inBox.screen = ready(PROMPT);
    assert.equal(await finishDelivery(inBox, facts), 'taken');
    assert.deepEqual(inBox.did, ['Enter']);
    const busy = new FakeAgent();
    busy.screen = { type: 'busy', input: '' };
    assert.equal(await finishDelivery(busy, facts), 'taken');
    const empty = new FakeAgent();
    assert.equal(await finishDelivery(empty, facts), 'unknown');
    assert.deepEqual([busy.did, empty.did], [[], []]);
  });
});

describe('a prompt of a host that died before it was seen in the box', () => {
  const left = async (text: string, input: string): Promise<FakeAgent & { delivery: string }> => {
    const agent = new FakeAgent();
    agent.screen = ready(input);
    const delivery = await finishDelivery(agent, { text, tail: tailOf(text), before: '', mayBeEntered: true });
    return Object.assign(agent, { delivery });
  };
  const long = Array.from({ length: 13 }, (_, line) => `line ${line}`).join('\n');

  for (const [text, input] of [
    [PROMPT, 'half a thought of somebody'],
    [PROMPT, '[Pasted text #1 +3 lines]'],
    [PROMPT, '[Pasted text #1]'],
    ['yes', 'yes, but only when'],
    [long, '[Pasted text #1 +30 lines]'],
    [long, '[Pasted text #1 +12 lines] and half a thought'],
  ] as const) {
    it(`is unknown, and no key is pressed, when the box holds ${input}`, async () => {
      const { delivery, did } = await left(text, input);
      assert.deepEqual([delivery, did], ['unknown', []]);
    });
  }

  for (const [text, input] of [
    ['yes', 'yes'],
    [long, '[Pasted text #1 +12 lines]'],
    [long, `[Pasted Content ${long.length} chars]`],
  ] as const) {
    it(`is entered where it stands as ${input}`, async () => {
      const { delivery, did } = await left(text, input);
      assert.deepEqual([delivery, did], ['taken', ['Enter']]);
    });
  }
});

describe('an input box', () => {
  it('is cleared line by line until it is seen empty', async () => {
    const agent = new FakeAgent();
    const lines = ['one', 'two', 'three'];
    agent.screen = ready(lines.join('\n'));
    agent.onClear = () => {
      lines.pop();
      agent.screen = ready(lines.join('\n'));
    };
    assert.equal(await clearBox(agent), true);
    assert.deepEqual(agent.did, ['C-u', 'C-u', 'C-u']);
  });

  it('is not clear when what stands there stays, or nobody can see it', async () => {
    const stuck = new FakeAgent();
    stuck.screen = ready('Message the agent');
    stuck.onClear = () => {};
    assert.equal(await clearBox(stuck), false);
    const hidden = new FakeAgent();
    hidden.screen = DIALOG;
    assert.equal(await clearBox(hidden), false);
    assert.deepEqual([...new Set(hidden.did)], ['asks']);
  });
});
