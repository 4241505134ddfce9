import { open, readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';

/** What a package says about itself. */
export interface PackageFacts {
  readonly name: string;
  readonly version: string | null;
  /** `engines.node`, or null. */
  readonly nodeRange: string | null;
}

/** Made when a package is read: most agents are programs of their own. */
const packageSchema = () =>
  z.object({
    name: z.string(),
    version: z.string().optional().catch(undefined),
    bin: z
      .union([z.string(), z.record(z.string(), z.string())])
      .optional()
      .catch(undefined),
    engines: z
      .object({ node: z.string().optional().catch(undefined) })
      .optional()
      .catch(undefined),
  });

/** The package that a file belongs to: the nearest `package.json` above it that has a name. */
export async function packageOf(file: string): Promise<PackageFacts | null> {
  for (let directory = path.dirname(file); ; directory = path.dirname(directory)) {
    const found = await readPackage(directory);
    if (found !== null) {
      return { name: found.name, version: found.version ?? null, nodeRange: found.engines?.node ?? null };
    }
    // Above node_modules begins the package that merely depends on it.
    if (directory === path.dirname(directory) || path.basename(directory) === 'node_modules') return null;
  }
}

/** The file behind the program `bin` of an installed package, or null. */
export async function programOfPackage(directory: string, bin: string): Promise<string | null> {
  const found = await readPackage(directory);
  if (found === null) return null;
  const file =
    typeof found.bin === 'string' ? (path.basename(found.name) === bin ? found.bin : undefined) : found.bin?.[bin];
  if (file === undefined) return null;
  return realpath(path.resolve(directory, file)).catch(() => null);
}

async function readPackage(directory: string): Promise<z.infer<ReturnType<typeof packageSchema>> | null> {
  try {
    const parsed = packageSchema().safeParse(JSON.parse(await readFile(path.join(directory, 'package.json'), 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    // No such file, or no JSON: not a package.
    return null;
  }
}

const SHEBANG_BYTES = 128;

/** True for a script whose first line names Node: `#!/usr/bin/env node`, also with `-S` and flags. */
export async function startsWithNode(file: string): Promise<boolean> {
  let handle;
  try {
    handle = await open(file, 'r');
  } catch {
    // A program may be executable without being readable; a script may not.
    return false;
  }
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(SHEBANG_BYTES), 0, SHEBANG_BYTES, 0);
    const [line = ''] = buffer.toString('latin1', 0, bytesRead).split('\n');
    return /^#!.*[/ ]node(?:\s|$)/.test(line);
  } finally {
    await handle.close();
  }
}
