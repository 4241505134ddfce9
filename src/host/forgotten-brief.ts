import { messageOf, systemCode } from '../errors.ts';
import { workingDiff } from '../git/changes.ts';
import { fenced } from '../intake/fence.ts';
import type { PromptEntry } from '../session/fold/prompts.ts';
import { promptFile } from '../store/paths.ts';
import type { HostContext } from './context.ts';
import { readPrompt } from './session-log.ts';
import { worktreeGit } from './worktree-git.ts';

/** Of what people said since, so many of the newest. */
const MAX_TOLD = 10;
const MAX_DIFF_CHARS = 16_000;

/**
 * For an agent whose conversation is lost, before the prompt it gets now: the task as it was given, what people told and
 * answered it since, and what was changed so far.
 */
export async function forgottenBrief(context: HostContext, promptId: string): Promise<string> {
  const { log, record } = context;
  const opening =
    'Your earlier conversation about this work could not be resumed, so you may not remember it. ' +
    'Look at the working directory, `git status` and `git log` before you begin.\n\n';
  const first = record.firstPrompt;
  if (record.task === null || first === null || first.promptId === promptId) return opening;
  const task = textOf(context, first.promptId);
  const told = [...log.folded.prompts.byId.values()]
    .filter((entry) => entry.id !== promptId && entry.id !== first.promptId && isHeard(entry))
    .slice(-MAX_TOLD)
    .flatMap(({ id }) => textOf(context, id) ?? []);
  const diff = await diffSoFar(context);
  return [
    opening,
    task === null ? '' : `The task as it was given:\n\n${task}\n\n`,
    told.length === 0 ? '' : `What you were told since:\n\n${told.map((text) => fenced(text)).join('\n\n')}\n\n`,
    diff === '' ? '' : `What was changed so far, committed or not:\n\n${fenced(diff, 'diff')}\n\n`,
    'What is asked of you now:\n\n',
  ].join('');
}

/** Words of people that an agent has had, or may have had. */
const isHeard = ({ kind, turnId }: PromptEntry): boolean => (kind === 'user' || kind === 'answer') && turnId !== null;

/** Null when it was pruned. */
function textOf({ paths }: HostContext, promptId: string): string | null {
  try {
    return readPrompt(promptFile(paths, promptId));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Empty when there is none, or git cannot say: the agent is told to look for itself anyway. */
async function diffSoFar(context: HostContext): Promise<string> {
  const base = context.log.folded.delivery.worktree?.baseCommit;
  if (base === undefined) return '';
  try {
    const diff = context.redact(await workingDiff(worktreeGit(context), base));
    return diff.length <= MAX_DIFF_CHARS
      ? diff
      : `${diff.slice(0, MAX_DIFF_CHARS).toWellFormed()}\n… (cut; see git diff)`;
  } catch (error) {
    context.note(`the diff for the brief: ${messageOf(error)}`);
    return '';
  }
}
