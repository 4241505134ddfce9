import { fixText, recoveryText, reminderText, resumeText, sessionGoesOnText } from '../intake/prompt.ts';
import { oneLine } from '../text/sanitize.ts';
import type { NextAction } from '../route/action.ts';
import type { Delivery } from '../session/fold/delivery.ts';
import type { Verdict } from '../session/receipt.ts';
import { promptFile } from '../store/paths.ts';
import type { HostContext } from './context.ts';
import { readPrompt } from './session-log.ts';

/** The words of a prompt of our own: why it is sent and what is asked for. The contract is added when it is handed. */
export function ownPromptText(context: HostContext, action: Extract<NextAction, { type: 'queue-own' }>): string {
  const { record, log } = context;
  switch (action.kind) {
    case 'reminder':
      return reminderText({ problem: action.why });
    case 'fix':
      return fixText({
        reason: action.why + baselineNote(log.folded.delivery),
        excerpt: excerptOf(log.folded.delivery.receipt?.verdict),
      });
    case 'resume':
      return record.task === null
        ? sessionGoesOnText({
            because: `it could not be finished (${oneLine(action.why, 300)})`,
            last: interruptedText(context),
          })
        : resumeText({ reason: action.why, interrupted: interruptedText(context) });
    case 'recovery':
      if (record.task === null)
        return sessionGoesOnText({ because: 'it was interrupted', last: interruptedText(context) });
      return recoveryText({ branch: record.task?.branch ?? '', interrupted: interruptedText(context) });
  }
}

function excerptOf(verdict: Verdict | undefined): string {
  return verdict !== undefined && 'excerpt' in verdict ? verdict.excerpt : '';
}

/** What the agent was last asked to do, for reference: it may never have seen it. */
function interruptedText({ log, paths }: HostContext): string {
  const promptId = log.folded.turns.last?.end.promptId;
  return promptId === undefined ? '' : readPrompt(promptFile(paths, promptId));
}

function baselineNote({ baseline }: Delivery): string {
  if (baseline?.verdict.type !== 'red') return '';
  const failed = baseline.counts === null ? '' : `, ${baseline.counts.failed} failed`;
  return ` (the base commit was already red before your change${failed})`;
}
