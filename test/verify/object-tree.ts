import type { BaseTree } from '../../src/verify/base-tree.ts';

/** A tree of files given as `path: text`. */
export function objectTree(files: Readonly<Record<string, string>>): BaseTree {
  const paths = Object.keys(files);
  return {
    has: async (path) => paths.some((file) => file === path || file.startsWith(`${path}/`)),
    read: async (path) => files[path] ?? null,
    list: async (directory) => {
      const prefix = directory === '' ? '' : `${directory}/`;
      const below = paths.filter((file) => file.startsWith(prefix)).map((file) => file.slice(prefix.length));
      return [...new Set(below.map((file) => file.split('/')[0] ?? ''))].sort();
    },
  };
}
