import { callbackContract } from '../../intake/prompt.ts';
import type { TaskPlan } from './plan.ts';

/** The prompt as the agent will see it. The nonce is drawn anew for each turn, so a dry run can only name it. */
export function exactPrompt({ record, promptText }: TaskPlan): string {
  const { branch, kind } = record.task;
  return `${promptText}\n\n${callbackContract({ taskId: record.name, nonce: '<new in every turn>', branch, kind })}`;
}
