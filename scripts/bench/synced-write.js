/** The floor for an acknowledged prompt: a started Node and one synced line. */
import { fdatasyncSync, openSync, writeSync } from 'node:fs';

const file = openSync(process.argv[2], 'a');
writeSync(file, `${'x'.repeat(200)}\n`);
fdatasyncSync(file);
