/** What was typed into a field of a form that is sent. */
export function typed(event: SubmitEvent, name: string): string {
  event.preventDefault();
  const value = new FormData(event.currentTarget as HTMLFormElement).get(name);
  return typeof value === 'string' ? value.trim() : '';
}
