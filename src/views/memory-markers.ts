/** The lines between which conduxt owns the memory file; everything else in it belongs to people. */
export const MEMORY_BEGIN = '<!-- conduxt:begin -->';
export const MEMORY_END = '<!-- conduxt:end -->';

/**
 * `fileText` with the managed section replaced by `section` (which brings its markers), or with the section appended
 * when there is none. Everything outside of the section stays as it is, byte for byte; appended, it is set off by an
 * empty line. Line ends follow the rest of the file.
 *
 * A marker counts when it stands alone on its line and not in a code block. Of several candidates the innermost first
 * pair is ours: text between a stray marker and our section is never lost.
 */
export function replaceSection(fileText: string, section: string): string {
  const place = findSection(fileText) ?? { start: fileText.length, end: fileText.length };
  const before = fileText.slice(0, place.start);
  const after = fileText.slice(place.end);
  // The section's own line ends do not count: it would otherwise change its mind about itself.
  const lineEnd = usesCarriageReturns(before + after) ? '\r\n' : '\n';
  const block = section.trimEnd().replaceAll('\n', lineEnd);
  return place.start < place.end ? before + block + after : fileText + separator(fileText, lineEnd) + block + lineEnd;
}

function separator(fileText: string, lineEnd: string): string {
  if (fileText === '' || /(?:^|\n)\r?\n$/.test(fileText)) return '';
  return fileText.endsWith('\n') ? lineEnd : lineEnd + lineEnd;
}

const usesCarriageReturns = (text: string): boolean => {
  const all = text.split('\n').length - 1;
  return all > 0 && text.split('\r\n').length - 1 > all / 2;
};

/** From the first character of the begin marker's line to the last of the end marker, without its line end. */
interface Place {
  readonly start: number;
  readonly end: number;
}

function findSection(text: string): Place | null {
  let start: number | null = null;
  for (const line of visibleLines(text)) {
    const [, mark = '', word] = MARKER_LINE.exec(line.text) ?? [];
    if (word === MEMORY_BEGIN) start = line.start + mark.length;
    else if (word === MEMORY_END && start !== null) return { start, end: line.start + line.text.trimEnd().length };
  }
  return null;
}

/** A byte order mark may stand before the first line. Four blanks would make it an indented code block. */
const MARKER_LINE = /^(\ufeff?) {0,3}(<!-- conduxt:(?:begin|end) -->)[ \t]*\r?$/;

interface Line {
  readonly start: number;
  /** Without its newline; a carriage return stays. */
  readonly text: string;
}

/**
 * The lines that are not inside of a fenced code block. A fence that is never closed hides nothing: what we append
 * below it must be found again.
 */
function visibleLines(text: string): Line[] {
  const visible: Line[] = [];
  let fence: { readonly marker: string; readonly hidden: Line[] } | null = null;
  for (const line of linesOf(text)) {
    const found = /^ {0,3}(`{3,}|~{3,})(.*)$/s.exec(line.text);
    const [, marker = '', rest = ''] = found ?? [];
    if (fence === null) {
      // The info string after backticks may not hold backticks: that would be a code span.
      if (found !== null && !(marker.startsWith('`') && rest.includes('`'))) fence = { marker, hidden: [] };
      visible.push(line);
    } else if (marker.startsWith(fence.marker) && rest.trim() === '') {
      fence = null;
      visible.push(line);
    } else {
      fence.hidden.push(line);
    }
  }
  return fence === null ? visible : [...visible, ...fence.hidden];
}

function* linesOf(text: string): Generator<Line> {
  let start = 0;
  while (start <= text.length) {
    const end = text.indexOf('\n', start);
    yield { start, text: text.slice(start, end < 0 ? text.length : end) };
    if (end < 0) return;
    start = end + 1;
  }
}
