import { readJournal } from '../../journal/read-journal.ts';
import type { JournalRecord } from '../../session/events.ts';
import { isAfter, START, type Cursor } from '../../store/cursor.ts';
import type { SessionPaths } from '../../store/paths.ts';

/** The journal's records up to and including `cursor`: what somebody who follows from there has seen before. */
export const recordsUpTo = ({ journal }: SessionPaths, cursor: Cursor): readonly JournalRecord[] =>
  cursor === START ? [] : readJournal(journal).records.filter((record) => !isAfter(record, cursor));
