/**
 * A text of a peer on one line and without control characters, which could rewrite the lines of a terminal (or, by the
 * bidirectional controls of Unicode, show them in another order).
 */
export function printable (text: string, lengthMax = 200): string {
  const plain = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '\ufffd')
  return plain.length > lengthMax ? `${plain.slice(0, lengthMax - 1)}…` : plain
}
