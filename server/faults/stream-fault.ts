import { ApiError } from '../http/api-error.ts';

/** How a stream goes wrong, by the names of inference-lab. */
export const streamModes = [
  'cut_between_frames',
  'cut_mid_frame',
  'reset',
  'stall',
  'error_envelope_200',
  'error_400_in_sse',
  'no_done',
  'no_usage',
  'cancelled_499',
  'mid_tool_call',
] as const;

export type StreamMode = (typeof streamModes)[number];

export interface StreamFault {
  readonly mode: StreamMode;
  /** Chunks with content that leave before it. */
  readonly afterChunks: number;
  /** How long a `stall` lasts; for good without. [ms] */
  readonly delayMs?: number | undefined;
  /** `cut_mid_frame` cuts inside a character. */
  readonly utf8?: boolean | undefined;
}

/** `mode[;after_chunks=3][;delay_ms=500][;utf8=1]`. @throws ApiError 400 where it is something else */
export function readStreamFault(header: string): StreamFault {
  const [mode = '', ...rest] = header.split(';').map((part) => part.trim());
  if (!streamModes.some((name) => name === mode)) throw new ApiError(400, `x-supernode-fault: expected one of ${streamModes.join(', ')}, got "${mode}"`);
  let fault: StreamFault = { mode: mode as StreamMode, afterChunks: 1 };
  for (const part of rest) {
    const [key = '', value = ''] = part.split('=');
    const number = Number(value);
    const valid = value !== '' && Number.isSafeInteger(number) && number >= 0 && number <= 1_000_000;
    if (key === 'after_chunks' && valid) fault = { ...fault, afterChunks: number };
    else if (key === 'delay_ms' && valid) fault = { ...fault, delayMs: number };
    else if (key === 'utf8' && (value === '0' || value === '1')) fault = { ...fault, utf8: value === '1' };
    else throw new ApiError(400, `x-supernode-fault: expected after_chunks, delay_ms or utf8 with a whole number, got "${part}"`);
  }
  return fault;
}
