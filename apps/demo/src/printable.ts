/** Text of a peer's, without what could steer a terminal: control and format characters become U+FFFD. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, '\u{fffd}');
}
