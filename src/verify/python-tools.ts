import type { BaseTree } from './base-tree.ts';

/** How Python programs of a repository are run, and how their packages get there first. */
export interface PythonTools {
  /** What goes before `pytest` or `manage.py`. */
  readonly run: readonly string[];
  readonly setup: readonly (readonly string[])[];
}

const REQUIREMENTS = ['requirements.txt', 'requirements-dev.txt', 'requirements-test.txt', 'dev-requirements.txt'];

/**
 * By lockfile. Plain requirement files are installed only where that cannot harm: into a `.venv` that the repository
 * ignores, and only when they bring pytest; else the tests run with the Python that is there.
 */
export async function pythonTools(tree: BaseTree): Promise<PythonTools> {
  if (await tree.has('uv.lock')) return { run: ['uv', 'run', 'python'], setup: [['uv', 'sync', '--frozen']] };
  if (await tree.has('poetry.lock')) {
    return { run: ['poetry', 'run', 'python'], setup: [['poetry', 'install', '--no-interaction']] };
  }
  if (await tree.has('pdm.lock')) return { run: ['pdm', 'run', 'python'], setup: [['pdm', 'sync', '--dev']] };
  if (await tree.has('Pipfile.lock')) return { run: ['pipenv', 'run', 'python'], setup: [['pipenv', 'sync', '--dev']] };
  const present: string[] = [];
  let bringsPytest = false;
  for (const file of REQUIREMENTS) {
    const text = await tree.read(file);
    if (text === null) continue;
    present.push(file);
    bringsPytest ||= /^\s*pytest\b/im.test(text);
  }
  const ignored = /^\/?\.venv\/?\s*$/m.test((await tree.read('.gitignore')) ?? '');
  if (!bringsPytest || !ignored) return { run: ['python3'], setup: [] };
  const python = '.venv/bin/python';
  const files = present.flatMap((file) => ['-r', file]);
  return {
    run: [python],
    setup: [
      ['python3', '-m', 'venv', '.venv'],
      [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...files],
    ],
  };
}
