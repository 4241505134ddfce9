import assert from 'node:assert/strict';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { describe, it } from 'node:test';
import { choosePermissions } from '../../src/cli/run/permission-default.ts';
import { tasksIn } from '../../src/cli/run/task-words.ts';
import { createSession } from '../../src/store/create-session.ts';
import { plainRecord, sessionRecord } from '../session/samples.ts';
import { Workshop } from './workshop.ts';

describe('the arguments of run', () => {
  const table: readonly [readonly string[], readonly string[]][] = [
    [['fix issue #78'], ['fix issue #78']],
    [['fix', 'issue', '78'], ['fix issue 78']],
    [['#78'], ['#78']],
    [
      ['#78', '#79'],
      ['#78', '#79'],
    ],
    [
      ['Add pagination', 'Fix the sum'],
      ['Add pagination', 'Fix the sum'],
    ],
    [
      ['Add pagination', '#78'],
      ['Add pagination', '#78'],
    ],
    [['refactor', 'everything'], ['refactor everything']],
    [['-'], ['-']],
    [[], []],
  ];
  for (const [args, tasks] of table) {
    it(`${JSON.stringify(args)} are ${tasks.length === 1 ? 'one task' : `${tasks.length} tasks`}`, () => {
      assert.deepEqual(tasksIn(args), tasks);
    });
  }
});

describe('what an agent may do unasked', () => {
  const own = { trust: 'local', trustReason: 'your own words' } as const;
  const member = { trust: 'trusted', trustReason: 'ana is a member' } as const;
  const stranger = { trust: 'untrusted', trustReason: 'eve is not a member' } as const;
  const table = [
    [undefined, null, own, 'approve-all', 'your own words'],
    [undefined, null, member, 'approve-all', 'ana is a member'],
    [undefined, null, stranger, 'ask', 'eve is not a member'],
    [undefined, 'approve-reads', own, 'approve-reads', 'from the configuration'],
    [undefined, 'deny-all', stranger, 'deny-all', 'from the configuration'],
    [undefined, 'approve-all', stranger, 'ask', 'eve is not a member'],
    ['approve-all', null, stranger, 'approve-all', 'as you said'],
  ] as const;
  for (const [flag, permissions, task, mode, reason] of table) {
    it(`flag ${flag ?? 'none'}, configuration ${permissions ?? 'none'}, ${task.trust} words: ${mode}`, () => {
      assert.deepEqual(choosePermissions(flag, { permissions }, task), { mode, reason });
    });
  }
});

describe('a dry run', () => {
  it('shows the plan and the exact prompt, and touches nothing', async (t) => {
    const shop = new Workshop(t);
    const before = shop.git('for-each-ref');
    const { code, out, err } = await shop.plan(['Fix the broken sum in the cart']);
    assert.deepEqual([code, err], [0, 'Nothing was touched.\n']);
    assert.match(out, /^fix-broken-sum-cart: Fix the broken sum in the cart\n/);
    assert.match(out, new RegExp(`worktree +${shop.root}/worktrees/shop/fix-broken-sum-cart\\n`));
    assert.match(out, /branch +fix\/fix-broken-sum-cart from main \([0-9a-f]{10}\)/);
    assert.match(out, /tests +npm test \(detected\)/);
    assert.match(out, /permissions +approve-all \(/);
    assert.match(out, /\| Fix the broken sum in the cart\n/);
    assert.match(out, /\| ```callback-json\n/);
    assert.deepEqual([existsSync(shop.state), existsSync(path.join(shop.root, 'worktrees'))], [false, false]);
    assert.equal(shop.git('for-each-ref'), before);
  });

  it('plans several tasks with names of their own', async (t) => {
    const tasks = await new Workshop(t).planJson(['Fix the sum', 'Fix the sum', 'Document the sum']);
    assert.deepEqual(
      tasks.map((task) => task['session']),
      ['fix-sum', 'fix-sum-2', 'document-sum'],
    );
    assert.deepEqual(
      tasks.map((task) => task['branch']),
      ['fix/fix-sum', 'fix/fix-sum-2', 'docs/document-sum'],
    );
  });

  it('takes the task from a file, standard input, and an issue of the repository', async (t) => {
    const shop = new Workshop(t);
    writeFileSync(path.join(shop.repo, 'spec.md'), '# Add search\n\nBy name.\n');
    mkdirSync(path.join(shop.repo, '.conduxt/issues'), { recursive: true });
    writeFileSync(path.join(shop.repo, '.conduxt/issues/7.md'), '# The sum is wrong\n\nIt must be 4.\n');
    const sources = await Promise.all([
      shop.planJson(['--file', 'spec.md']),
      shop.planJson(['-'], { stdin: 'Add a search box\n' }),
      shop.planJson(['fix issue #7']),
    ]);
    assert.deepEqual(
      sources.map(([task]) => [task?.['session'], task?.['title'], (task?.['source'] as { type: string }).type]),
      [
        ['add-search', 'Add search', 'file'],
        ['add-search-box', 'Add a search box', 'stdin'],
        ['issue-7', 'The sum is wrong', 'issue'],
      ],
    );
    assert.match(String(sources[2]?.[0]?.['prompt']), /It must be 4/);
  });

  it('takes flags over the configuration, and the configuration from the base commit', async (t) => {
    const config = { base: 'main', fixRounds: 1, permissions: 'approve-reads', worktree: { copy: ['.env.test'] } };
    const shop = new Workshop(t, { 'conduxt.json': JSON.stringify(config) });
    writeFileSync(path.join(shop.repo, 'conduxt.json'), '{"permissions":"deny-all"}');
    const [configured] = await shop.planJson(['Fix it now']);
    assert.deepEqual(configured?.['permissions'], {
      mode: 'approve-reads',
      reason: 'from the configuration',
      rules: [],
    });
    assert.deepEqual((configured?.['setup'] as { copy: string[] }).copy, ['.env.test']);
    assert.deepEqual(configured?.['verify'], { type: 'missing' });
    const [flagged] = await shop.planJson([
      ...[
        'Fix it now',
        '--name',
        'mine',
        '--branch',
        'topic/mine',
        '--permissions',
        'ask',
        '--verify',
        'make check',
        '--no-pr',
      ],
      ...['--tag', 'a', '--tag', 'b', '--checklist', 'no new dependency', '--backend', 'acpx'],
    ]);
    assert.deepEqual([flagged?.['session'], flagged?.['branch']], ['mine', 'topic/mine']);
    assert.deepEqual(flagged?.['permissions'], { mode: 'ask', reason: 'as you said', rules: [] });
    assert.deepEqual((flagged?.['verify'] as { command: unknown }).command, { type: 'shell', line: 'make check' });
    assert.equal((flagged?.['delivery'] as { pullRequest: boolean }).pullRequest, false);
    assert.match(String(flagged?.['prompt']), /- no new dependency/);
    assert.deepEqual((await shop.planJson(['Fix it now', '--no-verify']))[0]?.['verify'], { type: 'skipped' });
  });

  it('says which settings of the repository are ignored until they are trusted, and obeys them afterwards', async (t) => {
    const shop = new Workshop(t, { 'conduxt.json': '{"verify":{"command":"make check"}}' });
    assert.match(
      (await shop.plan(['Fix it now'])).out,
      /verify\.command, which is ignored until you allow it: conduxt trust/,
    );
    const refused = await shop.run(['trust']);
    assert.equal(refused.code, 6);
    assert.match(refused.out, /verify\.command: "make check"/);
    assert.equal((await shop.run(['trust', '--yes'])).code, 0);
    assert.match((await shop.plan(['Fix it now'])).out, /tests +make check \(from the configuration\)/);
  });

  it('says that settings in the checkout count only when they are committed', async (t) => {
    const shop = new Workshop(t);
    const nothing = await shop.run(['trust']);
    assert.match(nothing.out, /no conduxt\.json on main/);
    writeFileSync(path.join(shop.repo, 'conduxt.json'), '{"fixRounds":1}');
    const uncommitted = /conduxt\.json is not committed on main, and only what is committed there counts/;
    assert.match((await shop.plan(['Fix it now'])).out, uncommitted);
    assert.match((await shop.run(['trust'])).err, uncommitted);
    assert.match((await shop.run(['doctor'])).out, /repository +conduxt\.json is not committed/);
    shop.git('add', '-A');
    shop.git('commit', '-q', '-m', 'Configure');
    assert.doesNotMatch((await shop.plan(['Fix it now'])).out, /is not committed/);
    writeFileSync(path.join(shop.repo, 'conduxt.json'), '{"fixRounds":2}');
    assert.match((await shop.plan(['Fix it now'])).out, /has changes that are not committed on main/);
  });

  it('finds the main checkout from inside a worktree', async (t) => {
    const shop = new Workshop(t);
    shop.git('worktree', 'add', '-q', path.join(shop.root, 'linked'), '-b', 'other');
    const [task] = await shop.planJson(['Fix it now'], { cwd: path.join(shop.root, 'linked') });
    assert.equal(task?.['worktree'], path.join(shop.root, 'worktrees/shop/fix-now'));
  });
});

describe('bad input to run gets one clear sentence, and nothing is touched', () => {
  const cases: readonly {
    readonly what: string;
    readonly args: readonly string[];
    readonly code: number;
    readonly says: RegExp;
    readonly before?: (shop: Workshop) => void;
    readonly over?: (shop: Workshop) => Parameters<Workshop['run']>[1];
  }[] = [
    { what: 'not a repository', args: ['x y'], code: 2, says: /not in a git repository/, over: () => ({ cwd: '/' }) },
    {
      what: 'a repository without a commit',
      args: ['x y'],
      code: 2,
      says: /no commit yet/,
      before: (shop) => {
        shop.git('checkout', '-q', '--orphan', 'none');
        shop.git('branch', '-D', 'main');
      },
    },
    {
      what: 'an unknown agent',
      args: ['x y', '--agent', 'claud'],
      code: 2,
      says: /no agent named "claud".*Did you mean claude\?[\s\S]*agents/,
    },
    {
      what: 'an agent that is not installed',
      args: ['x y', '--agent', 'kilo'],
      code: 5,
      says: /cannot be started[\s\S]*→ /,
    },
    {
      what: 'the tmux backend without tmux',
      args: ['x y', '--backend', 'tmux'],
      code: 5,
      says: /tmux is not on the PATH[\s\S]*--backend acp/,
      over: (shop) => ({ env: { PATH: pathWithGitOnly(shop) } }),
    },
    {
      what: 'an agent that has no terminal',
      args: ['x y', '--backend', 'tmux', '--agent', 'copilot'],
      code: 5,
      says: /not known how to drive it in a terminal[\s\S]*agents\.copilot\.terminal/,
      over: (shop) => ({ env: { PATH: pathWithTmux(shop) } }),
    },
    {
      what: 'a missing base branch',
      args: ['x y', '--base', 'mian'],
      code: 4,
      says: /no branch "mian"[\s\S]*--base: main/,
    },
    {
      what: 'a branch that is there',
      args: ['Fix the sum'],
      code: 6,
      says: /fix\/fix-sum already exists[\s\S]*--adopt/,
      before: (shop) => {
        shop.git('checkout', '-q', '-b', 'fix/fix-sum');
        shop.git('commit', '-q', '--allow-empty', '-m', 'more');
        shop.git('checkout', '-q', 'main');
      },
    },
    {
      what: 'a directory where the worktree would go',
      args: ['Fix the sum'],
      code: 6,
      says: /worktree cannot be made/,
      before: (shop) => mkdirSync(path.join(shop.root, 'worktrees/shop/fix-sum/x'), { recursive: true }),
    },
    {
      what: 'a test command and none at once',
      args: ['x y', '--verify', 'true', '--no-verify'],
      code: 2,
      says: /--verify and --no-verify contradict each other/,
    },
    {
      what: 'the same the other way round',
      args: ['x y', '--no-verify', '--verify', 'true'],
      code: 2,
      says: /--no-verify and --verify contradict each other/,
    },
    { what: 'no pull request, as a draft', args: ['x y', '--no-pr', '--draft'], code: 2, says: /--no-pr and --draft/ },
    { what: 'an invalid name', args: ['x y', '--name', 'Fix_It'], code: 2, says: /not a valid session name/ },
    { what: 'a name of digits', args: ['x y', '--name', '78'], code: 2, says: /digits alone/ },
    { what: 'an invalid branch', args: ['x y', '--branch', '--force'], code: 2, says: /not a branch name/ },
    { what: 'no task', args: [], code: 2, says: /nothing was said[\s\S]*conduxt run "fix issue #78"/ },
    { what: 'an empty task', args: ['  '], code: 2, says: /empty/ },
    {
      what: 'a task of more than a mebibyte',
      args: ['-'],
      code: 2,
      says: /longer than 1024 KiB/,
      over: () => ({ stdin: 'x'.repeat(1024 * 1024 + 1) }),
    },
    { what: 'an issue that is not there', args: ['#99'], code: 4, says: /99/ },
    {
      what: 'an issue that says nothing',
      args: ['#2'],
      code: 2,
      says: /issues\/2\.md says nothing[\s\S]*→ Write/,
      before: (shop) => issue(shop, '2.md', '---\nlabels: bug\n---\n\n'),
    },
    {
      what: 'an issue that is a directory',
      args: ['#4'],
      code: 2,
      says: /not a regular file[\s\S]*→ Make it a plain text file/,
      before: (shop) => mkdirSync(path.join(shop.repo, '.conduxt/issues/4.md'), { recursive: true }),
    },
    {
      what: 'a pipe as a file, which could be waited for without end',
      args: ['--file', 'pipe'],
      code: 2,
      says: /pipe is a pipe[\s\S]*→ .*- < .*pipe/,
      before: (shop) => execFileSync('mkfifo', [path.join(shop.repo, 'pipe')]),
    },
    {
      what: 'a page that cannot be fetched',
      args: ['http://127.0.0.1:1/spec'],
      code: 4,
      says: /could not be fetched[\s\S]*→ /,
    },
    { what: 'a file that is not there', args: ['--file', 'nope.md'], code: 4, says: /no file .*nope\.md/ },
    {
      what: 'a name for several tasks',
      args: ['x y', 'a b', '--name', 'z'],
      code: 2,
      says: /--name names one thing, but there are 2 tasks/,
    },
    { what: 'a dependency that is not there', args: ['x y', '--after', 'nobody'], code: 4, says: /no task "nobody"/ },
    {
      what: 'a wrong key in the user configuration',
      args: ['x y'],
      code: 2,
      says: /verfy.*did you mean "verify"/,
      before: (shop) => {
        mkdirSync(path.join(shop.root, '.config/conduxt'), { recursive: true });
        writeFileSync(path.join(shop.root, '.config/conduxt/config.json'), '{"verfy":{}}');
      },
    },
  ];
  for (const { what, args, code, says, before, over } of cases) {
    it(what, async (t) => {
      const shop = new Workshop(t);
      before?.(shop);
      const agent = args.includes('--agent') ? [] : ['--agent', 'rehearsal'];
      const result = await shop.run(['run', '--no-wait', ...agent, ...args], over?.(shop));
      assert.deepEqual([result.code, result.out], [code, ''], result.err);
      assert.match(result.err, /^conduxt: .+\n/);
      assert.match(result.err, says);
      assert.equal(existsSync(path.join(shop.state, 'sessions')), false);
    });
  }

  it('a name that is taken, naming the ways on', async (t) => {
    const shop = new Workshop(t);
    const { openRepository } = await import('../../src/git/repository.ts');
    const { key, slug, root, commonDir } = await openRepository(shop.repo, shop.env);
    createSession(shop.state, shop.root, sessionRecord({ name: 'fix-sum', repo: { key, slug, root, commonDir } }), 'x');
    const { code, err } = await shop.run(['run', 'Fix the sum', '--agent', 'rehearsal', '--no-wait']);
    assert.equal(code, 6);
    assert.match(
      err,
      /already a session "fix-sum"[\s\S]*conduxt tell fix-sum[\s\S]*conduxt retry fix-sum[\s\S]*--name/,
    );
  });

  it('to come after a session without a task, which would never complete', async (t) => {
    const shop = new Workshop(t);
    const { openRepository } = await import('../../src/git/repository.ts');
    const { key, slug, root, commonDir } = await openRepository(shop.repo, shop.env);
    createSession(shop.state, shop.root, { ...plainRecord(), repo: { key, slug, root, commonDir } }, null);
    const args = ['run', 'Fix the sum', '--agent', 'rehearsal', '--no-wait', '--after', 'helper'];
    const { code, err } = await shop.run(args);
    assert.equal(code, 2);
    assert.match(err, /helper is a session without a task: it never completes\.[\s\S]*conduxt tell/);
  });

  it('a name that is taken by an interactive session, naming only ways on that there are', async (t) => {
    const shop = new Workshop(t);
    await shop.run(['start', 'helper', '--agent', 'rehearsal']);
    const again = await shop.run(['start', 'helper', '--agent', 'rehearsal']);
    assert.equal(again.code, 6);
    assert.match(again.err, /→ Talk to it with conduxt tell helper .*conduxt stop helper, or choose another name\.\n/);
    const stopped = await shop.run(['stop', 'helper']);
    assert.equal(stopped.code, 0, stopped.err);
    const anew = await shop.run(['start', 'helper', '--agent', 'rehearsal', '--json']);
    assert.equal(anew.code, 0, anew.out + anew.err);
    await shop.run(['stop', 'helper']);
  });

  it('a state directory that cannot be written', async (t) => {
    const shop = new Workshop(t);
    writeFileSync(shop.state, 'a file');
    const { code, err } = await shop.run(['run', 'Fix the sum', '--agent', 'rehearsal', '--no-wait']);
    assert.equal(code, 74);
    assert.match(err, /CONDUXT_HOME/);
  });
});

function issue(shop: Workshop, name: string, text: string): void {
  mkdirSync(path.join(shop.repo, '.conduxt/issues'), { recursive: true });
  writeFileSync(path.join(shop.repo, '.conduxt/issues', name), text);
}

/** A directory of programs with git, and what a machine without tmux lacks. */
function pathWithGitOnly(shop: Workshop, ...more: readonly string[]): string {
  const bin = path.join(shop.root, 'bin');
  mkdirSync(bin);
  for (const name of ['git', ...more]) {
    symlinkSync(execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim(), path.join(bin, name));
  }
  return bin;
}

function pathWithTmux(shop: Workshop): string {
  const bin = pathWithGitOnly(shop);
  writeFileSync(path.join(bin, 'tmux'), '#!/bin/sh\necho tmux 3.3a\n', { mode: 0o755 });
  return bin;
}
