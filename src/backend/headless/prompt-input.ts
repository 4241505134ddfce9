import type { HeadlessProfile } from '../../agents/headless/profile.ts';

/** The bytes that hand a prompt over: it is data on stdin, whatever stands in it. */
export function promptInput(input: HeadlessProfile['input'], text: string): string {
  switch (input) {
    case 'text':
      return text;
    case 'claude-json':
      return `${JSON.stringify({ type: 'user', message: { role: 'user', content: [{ type: 'text', text }] } })}\n`;
  }
}
