/** Formats of request traces that are one file, in the order in which the first line is asked about them. */
export const traceFormatNames = ['mooncake', 'llmservingsim', 'azure', 'csv', 'weka'] as const;
export type TraceFormatName = (typeof traceFormatNames)[number];

/** Name of the format of ServeGen: a folder of client pools, two files each. */
export const SERVEGEN = 'servegen';
