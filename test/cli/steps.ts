import type { Step } from '../../src/rehearsal/fault-agent/script.ts';

export const fix: Step = { type: 'shell', command: "echo 4 > sum.txt && git commit -qam 'fix: the sum'" };
export const done: Step = { type: 'callback', status: 'completed', fields: { summary: 'The sum is 4 now.' } };
export const failed: Step = { type: 'callback', status: 'failed', fields: { summary: 'I cannot.' } };
export const says = (text: string): Step => ({ type: 'text', text });
export const verify = ['--verify', 'sh test.sh'];

export const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
