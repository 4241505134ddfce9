/** The commands of a request, one by one, however they were joined or wrapped. */
export interface SeenCommands {
  /** Each as its words with blanks between; what a wrapper runs is listed beside the wrapper. */
  readonly lines: readonly string[];
  /** Nothing in it was hidden from the reader, and no output goes into a file. */
  readonly isComplete: boolean;
}
