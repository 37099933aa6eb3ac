/** A flag by the name that its value has in a program: `--top-k` of `topK`. */
export function flagNamed(key: string): string {
  return `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
