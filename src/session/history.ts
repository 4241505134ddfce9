/** One thing of a conversation as its agent remembers it: what it was told, what it said, what it did. Oldest first. */
export type HistoryItem =
  | { readonly type: 'user'; readonly text: string; readonly messageId: string | null }
  | { readonly type: 'message'; readonly text: string; readonly messageId: string | null }
  | { readonly type: 'tool'; readonly toolCallId: string }
  /** It thought or planned. */
  | { readonly type: 'thought' };
