import { csvReader } from './csv-table.ts';
import type { TraceFormat } from './format.ts';

const names = { time: 'TIMESTAMP', input: 'ContextTokens', output: 'GeneratedTokens' };
const pattern = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d(?:\.\d+)?)\s*(Z|\+00:00|\+00)?$/;

/** The Azure LLM inference traces of 2023 and 2024: a moment in UTC, and lengths. Times count from midnight of the first day. */
export const azure: TraceFormat = {
  name: 'azure',
  summary: 'CSV with TIMESTAMP (UTC, YYYY-MM-DD hh:mm:ss.fffffff), ContextTokens, GeneratedTokens',
  kind: 'csv',
  fields: [[names.time, names.input, names.output]],
  open(problems) {
    let firstDay: number | undefined;
    return csvReader(
      [names],
      (text) => {
        const moment = utc(text);
        if (moment === undefined) return `expected a time in UTC such as 2023-11-16 18:17:03.9799600, got "${text}"`;
        firstDay ??= moment.day;
        // From the first day on, so that a double keeps all seven digits of the second.
        const seconds = (moment.day - firstDay) * 86_400 + moment.seconds;
        return seconds < 0 ? `"${text}" is on an earlier day than the first request; requests must come in order of arrival` : seconds;
      },
      problems,
    );
  },
};

/** Day number and seconds of the day; undefined where the text is no moment. */
function utc(text: string): { readonly day: number; readonly seconds: number } | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const midnight = Date.UTC(year, month - 1, day);
  const date = new Date(midnight);
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 61;
  return exists ? { day: midnight / 86_400_000, seconds: hour * 3600 + minute * 60 + second } : undefined;
}
