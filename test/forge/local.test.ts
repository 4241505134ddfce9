import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { formatFrontMatter, parseFrontMatter } from '../../src/forge/front-matter.ts';
import { parseLocalIssue } from '../../src/forge/local-issue.ts';
import { createLocalForge } from '../../src/forge/local.ts';
import { markOwnPart } from '../../src/forge/own-part.ts';

function place(t: TestContext): { root: string; issues: string; pullRequestsDir: string } {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'conduxt-local-')));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const issues = join(root, '.conduxt', 'issues');
  mkdirSync(issues, { recursive: true });
  return { root, issues, pullRequestsDir: join(root, 'state', 'prs') };
}

test('an issue is a Markdown file with title, labels, author and comments', async (t) => {
  const p = place(t);
  writeFileSync(
    join(p.issues, '78.md'),
    '---\nlabels: bug, pagination\nauthor: ana\n---\n# The last page is empty\n\nWith 40 entries.\n\n```\n## Comments\n### not a comment\n```\n\n## Comments\n### ben (2026-01-02)\nSince 1.3.\n\n### @carl\nYes.\n',
  );
  assert.deepEqual(await createLocalForge(p).getIssue(78), {
    number: 78,
    title: 'The last page is empty',
    body: 'With 40 entries.\n\n```\n## Comments\n### not a comment\n```',
    labels: ['bug', 'pagination'],
    url: pathToFileURL(join(p.issues, '78.md')).href,
    author: 'ana',
    authorTrust: 'trusted',
    comments: [
      { author: 'ben', trust: 'trusted', body: 'Since 1.3.' },
      { author: 'carl', trust: 'trusted', body: 'Yes.' },
    ],
    commentsNotRead: 0,
  });
});

test('an issue needs neither front matter nor heading', () => {
  const at = { number: 3, url: null };
  const cases: readonly (readonly [string, string, string])[] = [
    ['# Only a title', 'Only a title', ''],
    ['Fix the page\nIt is empty', 'Fix the page', 'Fix the page\nIt is empty'],
    ['', 'Issue 3', ''],
    ['---\ntitle: Given\n---\n# Other heading\ntext', 'Given', '# Other heading\ntext'],
    ['---\ntitle: "Quoted: \\"x\\""\n---\n\n# Quoted: "x"\ntext', 'Quoted: "x"', 'text'],
    ['\ufeff# Windows\r\nline\r\n', 'Windows', 'line'],
    ['---\nnot closed\n# A', '---', '---\nnot closed\n# A'],
  ];
  for (const [text, title, body] of cases) {
    const issue = parseLocalIssue(text, at);
    assert.deepEqual([issue.title, issue.body], [title, body], JSON.stringify(text));
  }
  assert.deepEqual(parseLocalIssue('---\nlabels: [bug, "two words"]\n---\nx', at).labels, ['bug', 'two words']);
});

test('an issue that is not there is refused with the ones that are, and a link is not followed', async (t) => {
  const p = place(t);
  writeFileSync(join(p.issues, '10.md'), '# Ten');
  writeFileSync(join(p.issues, '9.md'), '# Nine');
  symlinkSync('/etc/passwd', join(p.issues, '11.md'));
  const forge = createLocalForge(p);
  await assert.rejects(forge.getIssue(78), {
    code: 'issue-not-found',
    exitCode: 4,
    message: /#9, #10/,
    remedy: /78\.md/,
  });
  await assert.rejects(forge.getIssue(11), { code: 'not-a-file' });
  await assert.rejects(createLocalForge({ ...p, root: join(p.root, 'nowhere') }).getIssue(1), {
    code: 'issue-not-found',
  });
  writeFileSync(join(p.issues, '12.md'), 'x'.repeat(1024 * 1024 + 1));
  await assert.rejects(forge.getIssue(12), { code: 'prompt-too-large', exitCode: 2 });
  await assert.rejects(forge.getReview(1), { code: 'pr-not-found', remedy: /--file/ });
});

test('a pull request is a private file that a person can open, written once', async (t) => {
  const p = place(t);
  const forge = createLocalForge({ ...p, commitOf: async () => 'abc123' });
  const request = {
    title: 'fix: "The" last page',
    body: 'Text\n---\nmore',
    head: 'fix/issue-78',
    base: 'main',
    draft: false,
  };
  assert.equal(await forge.findPullRequest('fix/issue-78'), null);
  const made = await forge.createPullRequest(request);
  const file = join(p.pullRequestsDir, 'fix-issue-78.md');
  assert.deepEqual(made, {
    number: null,
    url: pathToFileURL(file).href,
    title: request.title,
    state: 'open',
    head: 'fix/issue-78',
    base: 'main',
    draft: false,
  });
  const text = readFileSync(file, 'utf8');
  assert.match(
    text,
    /^---\ntitle: "fix: \\"The\\" last page"\nbranch: fix\/issue-78\nbase: main\ncommit: abc123\nstate: open\ndraft: false\nurl: file:/,
  );
  assert.match(text, /---\n\n# fix: "The" last page\n\nText\n---\nmore\n$/);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(await forge.findPullRequest('fix/issue-78'), made);
  assert.deepEqual(await forge.createPullRequest({ ...request, body: 'other' }), made);
  assert.equal(readFileSync(file, 'utf8'), text);
  assert.deepEqual(readdirSync(p.pullRequestsDir), ['fix-issue-78.md']);
});

test('a merged pull request makes room for the next, and two branches of one slug have two files', async (t) => {
  const p = place(t);
  const forge = createLocalForge(p);
  const request = { title: 't', body: 'b', head: 'fix/a-b', base: 'main', draft: true };
  const first = await forge.createPullRequest(request);
  const other = await forge.createPullRequest({ ...request, head: 'fix-a/b' });
  assert.notEqual(first.url, other.url);
  const file = join(p.pullRequestsDir, 'fix-a-b.md');
  writeFileSync(file, readFileSync(file, 'utf8').replace('state: open', 'state: merged'));
  assert.equal((await forge.findPullRequest('fix/a-b'))?.state, 'merged');
  const second = await forge.createPullRequest(request);
  assert.equal(second.url, pathToFileURL(join(p.pullRequestsDir, 'fix-a-b-3.md')).href);
  assert.deepEqual(await forge.findPullRequest('fix/a-b'), second);
  assert.equal((await forge.findPullRequest('fix-a/b'))?.head, 'fix-a/b');
});

test('a pull request file gets the newest text and commit, and keeps what a person wrote', async (t) => {
  const p = place(t);
  let commit = 'abc123';
  const forge = createLocalForge({ ...p, commitOf: async () => commit });
  const request = { title: 't', body: markOwnPart('First receipt'), head: 'x', base: 'main', draft: false };
  const made = await forge.createPullRequest(request);
  const file = join(p.pullRequestsDir, 'x.md');
  writeFileSync(file, readFileSync(file, 'utf8').replace('# t\n', '# t\n\nMy note.\n') + 'commit: mine\n');
  commit = 'def456';
  assert.equal(await forge.updatePullRequest(made, markOwnPart('Second receipt')), 'body');
  const text = readFileSync(file, 'utf8');
  assert.match(text, /\ncommit: def456\nstate: open\n/);
  assert.match(text, /\n# t\n\nMy note\.\n\n<!-- conduxt:begin \w+ -->\nSecond receipt\n<!-- .* -->\ncommit: mine\n$/);
  assert.equal(await forge.updatePullRequest(made, markOwnPart('Second receipt')), 'unchanged');
  writeFileSync(file, text.replace('Second', 'My'));
  assert.equal(await forge.updatePullRequest(made, markOwnPart('Third receipt')), 'comment');
  assert.match(readFileSync(file, 'utf8'), /My receipt[^]*\n---\n\n<!-- conduxt:begin \w+ -->\nThird receipt\n/);
  assert.deepEqual(readdirSync(p.pullRequestsDir), ['x.md']);
});

test('several processes opening one pull request at once make one file', async (t) => {
  const p = place(t);
  const request = { title: 't', body: 'b', head: 'x', base: 'main', draft: false };
  const made = await Promise.all([1, 2, 3].map(() => createLocalForge(p).createPullRequest(request)));
  assert.equal(new Set(made.map((one) => one.url)).size, 1);
});

test('front matter is read back as it was written', () => {
  const value = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\u2028', ''));
  fc.assert(
    fc.property(value, fc.string(), (title, body) => {
      const read = parseFrontMatter(
        formatFrontMatter(
          [
            ['title', title],
            ['state', 'open'],
          ],
          body,
        ),
      );
      assert.deepEqual([read.fields.get('title'), read.fields.get('state')], [title, 'open']);
    }),
  );
});
