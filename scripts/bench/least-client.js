/**
 * The floor for a prompt: starts the agent, says hello, prompts once, writes what comes to a file, ends. Nothing is
 * remembered, checked or recovered.
 */
import { spawn } from 'node:child_process';
import { openSync, writeSync, closeSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [agent, prompt, file] = process.argv.slice(2);
const out = openSync(file, 'w');
const child = spawn(process.execPath, [agent], { stdio: ['pipe', 'pipe', 'inherit'] });
const send = (message) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
let sessionId = '';
createInterface({ input: child.stdout }).on('line', (line) => {
  const { id, result } = JSON.parse(line);
  if (id === undefined) writeSync(out, `${line}\n`);
  else if (id === 1) send({ id: 2, method: 'session/new', params: { cwd: process.cwd(), mcpServers: [] } });
  else if (id === 2) {
    sessionId = result.sessionId;
    send({ id: 3, method: 'session/prompt', params: { sessionId, prompt: [{ type: 'text', text: prompt }] } });
  } else child.stdin.end();
});
child.on('exit', () => closeSync(out));
send({ id: 1, method: 'initialize', params: { protocolVersion: 1, clientCapabilities: {} } });
