/** Lines of at most `width` columns, wrapped at blanks and indented by two, as agents draw their answers. */
export function drawn(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => {
    const lines: string[] = [];
    let rest = line;
    while ([...rest].length > width - 2) {
      const head = [...rest].slice(0, width - 2).join('');
      const blank = head.lastIndexOf(' ');
      const cut = blank > width / 3 ? head.slice(0, blank) : head;
      lines.push(`  ${cut}`);
      rest = rest.slice(cut.length).replace(/^ /, '');
    }
    return [...lines, rest === '' ? '' : `  ${rest}`];
  });
}
