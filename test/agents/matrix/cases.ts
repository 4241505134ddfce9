import type { MatrixCase } from './case.ts';
import { SESSION_CASES } from './session-cases.ts';
import { TASK_CASES } from './task-cases.ts';

/** Every row of the table, in its order. */
export const CASES: readonly MatrixCase[] = [...TASK_CASES, ...SESSION_CASES];
