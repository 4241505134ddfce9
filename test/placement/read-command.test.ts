import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CommandClass } from '../../src/placement/command-class.ts';
import { readCommand } from '../../src/placement/read-command.ts';

const sh = (line: string): string[] => ['sh', '-c', line];
const words = (line: string): string[] => line.split(' ');

const CLASSES: Readonly<Record<CommandClass, readonly (readonly string[])[]>> = {
  endless: [
    ...['npm run dev', 'npm start', 'pnpm dev', 'yarn serve', 'npm run dev:web', 'npx vite', 'next dev'].map(words),
    ...['python3 -m http.server 8000', 'python3 manage.py runserver', 'flask run', 'uvicorn app:app'].map(words),
    ...['bin/rails server', 'jupyter lab', 'jupyter notebook', 'tail -f log', 'tail -n5 -F log'].map(words),
    ...['docker compose up', 'kubectl port-forward pod/x 80', 'watch ls', 'cargo watch -x test'].map(words),
    ...['npm test -- --watch', 'tsc --watch', 'nodemon app.js', 'ssh -N -L 1:2:3 host', 'sleep infinity'].map(words),
    sh('cd web && npm install && npm run dev'),
    ['env', 'PORT=1', 'npm', 'run', 'dev'],
    ['/usr/bin/npm', 'run', 'dev'],
  ],
  interactive: [
    ...['vim a.txt', 'less log', 'top', 'htop', 'python3', 'node', 'psql', 'bash', 'gdb ./a'].map(words),
    ...['git rebase -i HEAD~3', 'git add -p', 'git commit', 'git commit --amend', 'npm init'].map(words),
    ...['docker run -it alpine sh', 'kubectl exec -it pod -- sh', 'claude', 'codex', 'gh auth login'].map(words),
    sh('sudo vim /etc/hosts'),
  ],
  remote: [...['ssh host', 'ssh host uptime', 'mosh host'].map(words)],
  long: [
    ...['npm ci', 'npm install', 'pip install -r r.txt', 'uv sync', 'apt-get install x', 'cargo fetch'].map(words),
    ...['npm run build', 'make', 'make all', './gradlew build', 'mvn package', 'cargo build', 'go build ./...'].map(
      words,
    ),
    ...['docker build .', 'docker compose build', 'terraform apply', 'webpack'].map(words),
    ...['npm test', 'npm t', 'pytest', 'python3 -m pytest -q', 'cargo test', 'go test ./...', 'rspec', 'ctest'].map(
      words,
    ),
    ...['rsync -a a b', 'ffmpeg -i a b', 'pg_dump db', 'python3 train.py', 'git clone https://x/y'].map(words),
    ...['sleep 61', 'sleep 300s', 'sleep 2m'].map(words),
    ['sudo', '-u', 'me', 'apt-get', 'install', 'x'],
    ['nohup', 'make', 'all'],
    ['time', 'cargo', 'test'],
  ],
  near: [
    ...['git push', 'git fetch --all', 'git checkout main', 'git clone --depth 1 https://x/y', 'tar xf a.tar'].map(
      words,
    ),
    ...['cargo check', 'eslint .', 'curl https://x'].map(words),
  ],
  unknown: [
    ...['ls -la', 'git status', 'git commit -m x', 'git commit -am x', 'git log --oneline', 'echo hi'].map(words),
    ...['node a.js', 'python3 a.py', './run.sh', 'npm --version', 'make --help', 'docker compose up -d'].map(words),
    ...['cat dev', 'grep start file', 'flask routes', 'python3 manage.py migrate', 'vite build'].map(words),
    ...['sleep 1', 'sleep 60', 'sleep 0.5'].map(words),
    ['echo', 'npm run dev'],
    sh('echo "npm run dev"'),
    ['unheard-of', '; npm run dev'],
  ],
};

describe('what a command tells by its words', () => {
  for (const [kind, commands] of Object.entries(CLASSES)) {
    for (const argv of commands) {
      it(`${kind}: ${argv.join(' ')}`, () => {
        assert.equal(readCommand(argv).classified.class, kind);
      });
    }
  }

  it('knows the longest it can take from timeout', () => {
    assert.equal(readCommand(words('timeout 20 npm run dev')).boundSeconds, 20);
    assert.equal(readCommand(words('timeout -k5 2m make')).boundSeconds, 120);
    assert.equal(readCommand(words('gtimeout 0.5h make')).boundSeconds, 1800);
    assert.equal(readCommand(words('echo timeout 20')).boundSeconds, null);
  });

  it('never throws', () => {
    for (const argv of [[''], ['sh', '-c', '"'], ['sh', '-c', '$('.repeat(500)], ['\0']]) readCommand(argv);
  });
});
