import type { Usage } from './events.ts';

/**
 * The few fields conduxt reads of what an agent said or did, the same whatever backend it came through. Kinds it does not
 * know are `other`, and are kept all the same.
 */
export type AgentNews =
  | { readonly type: 'message'; readonly text: string; readonly messageId: string | null }
  | { readonly type: 'thought'; readonly text: string }
  | {
      readonly type: 'tool';
      readonly toolCallId: string;
      readonly title: string | null;
      readonly kind: string | null;
      readonly status: string | null;
    }
  | { readonly type: 'plan'; readonly entries: readonly { readonly content: string; readonly status: string }[] }
  | { readonly type: 'usage'; readonly usage: Usage }
  | { readonly type: 'other'; readonly kind: string };

/** A text of a message as it stands in its bytes, between the quotes: its first byte, and the place behind its last one. */
export interface TextPlace {
  readonly from: number;
  readonly to: number;
}

/** As `AgentNews`, of the kinds that come by the hundred thousand: the place of each text in the message, not yet read. */
export type PlacedNews =
  | { readonly type: 'message'; readonly text: TextPlace; readonly messageId: TextPlace | null }
  | { readonly type: 'thought'; readonly text: TextPlace }
  | {
      readonly type: 'tool';
      readonly toolCallId: TextPlace;
      readonly title: TextPlace | null;
      readonly kind: TextPlace | null;
      readonly status: TextPlace | null;
    };
