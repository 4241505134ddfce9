import { cold } from './parts/cold.ts';
import { crowd } from './parts/crowd.ts';
import { follow } from './parts/follow.ts';
import { ingest } from './parts/ingest.ts';
import { long } from './parts/long.ts';
import { many } from './parts/many.ts';
import { packed } from './parts/package.ts';
import { startUp } from './parts/start-up.ts';
import { task } from './parts/task.ts';
import { terminal } from './parts/terminal.ts';
import { warm } from './parts/warm.ts';
import type { Part } from './row.ts';

/** In the order of the table. */
export const parts: readonly Part[] = [startUp, warm, cold, task, ingest, long, follow, many, crowd, terminal, packed];
