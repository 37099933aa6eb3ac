import * as z from 'zod';
import { tokenIds } from './body.ts';
import { promptLogprobsFit, sampling, streamOptionsFit, type Sampling } from './sampling.ts';

/** Text, or its token ids. */
export type Prompt = string | readonly number[];

/** Body of `/v1/completions`. */
export interface CompletionBody extends Sampling {
  readonly prompt: Prompt | readonly Prompt[];
  readonly echo?: boolean | null | undefined;
  readonly logprobs?: number | null | undefined;
}

export const completionBody: z.ZodType<CompletionBody> = z
  .looseObject({
    ...sampling,
    prompt: z.union([
      z.string(),
      tokenIds,
      z
        .array(z.union([z.string(), tokenIds]))
        .min(1)
        .max(1024),
    ]),
    echo: z.boolean().nullish(),
    suffix: z.string().nullish(),
    logprobs: z.int().min(0).max(20).nullish(),
  })
  .refine(...streamOptionsFit)
  .refine(...promptLogprobsFit);
