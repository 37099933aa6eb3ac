import type { Seconds } from '../base/units.ts';
import type { AdapterWork } from './adapters/adapter-work.ts';
import type { InstanceBatch, RankBatch, StepCost, StepPricer } from '../cost/batch.ts';
import type { RankColumns } from './rank-columns.ts';
import type { Rank } from './rank.ts';
import type { RequestTable } from './request-table.ts';

/** What the ranks of an instance compute together in one iteration, and what it costs. */
export class Iteration {
  decoding = 0;
  prefillTokens = 0;
  /** KV tokens of decoding sequences, those of prompts behind their chunks, and pairs of prompt tokens that attend. */
  decodeContext = 0;
  prefillContext = 0;
  prefillPairs = 0;
  /** Pairs for one prompt token of the rank with the most pairs: what the others wait for. */
  slowestPairs = 0;
  /** KV blocks that running and promised requests hold. */
  usedBlocks = 0;
  cost: StepCost | undefined;
  /** Costs that are no longer needed. */
  readonly #spare: StepCost[] = [];
  /** How long one of the ranks waits for the slowest one; there only in iterations in which that is looked at. */
  barrier: { readonly time: Seconds; readonly wait: Seconds } | undefined;
  /** What adapters add to it; absent where none are served. */
  adapters: AdapterWork | undefined;
  /** Whether decoding sequences take part. */
  decodes = true;
  readonly #table: RequestTable;
  /** What is priced: written anew for each rank, since a pricer keeps nothing of it. */
  readonly #rank: { -readonly [Key in keyof RankBatch]: RankBatch[Key] } = {
    decodeSequences: 0,
    queryTokens: 0,
    decodeContext: 0.5,
    prefillTokens: 0,
    prefillSequences: 0,
    prefillPairs: 0.5,
    prefillContext: 0.5,
  };
  readonly #batch: { readonly rank: RankBatch; instanceTokens: number } = { rank: this.#rank, instanceTokens: 0 };

  constructor(table: RequestTable) {
    this.#table = table;
  }

  get empty(): boolean {
    return this.decoding === 0 && this.prefillTokens === 0;
  }

  /**
   * Counts the ranks' parts and prices the dearest of those that can be it: with the most context, the most tokens, or the most prompt attention.
   * @param tokens the instance's token count: what `baseSum` is relative to
   * @param decodes whether decoding sequences take part
   */
  price(ranks: readonly Rank[], columns: RankColumns, tokens: number, queryTokens: number, pricer: StepPricer, decodes: boolean): void {
    const { used, decoding, baseSum, awake } = columns;
    this.decodes = decodes;
    this.prefillTokens = 0;
    this.prefillContext = 0;
    this.prefillPairs = 0;
    this.slowestPairs = 0;
    if (this.cost !== undefined) this.#spare.push(this.cost);
    this.cost = undefined;
    if (decodes && awake.empty) {
      this.#priceDecoding(ranks, columns, tokens, queryTokens, pricer);
      return;
    }
    let allSequences = 0;
    let allContext = 0;
    let allUsed = 0;
    let mostContext = -1;
    let mostTokens = -1;
    let mostPairs = -1;
    let byContext = 0;
    let byTokens = 0;
    let byPairs = 0;
    let contextOfTokens = 0;
    for (let r = 0; r < used.length; r++) {
      if (used[r] === 0) continue;
      const sequences = decodes ? decoding[r] : 0;
      const context = decodes ? baseSum[r] + sequences * tokens : 0;
      let own = sequences * queryTokens;
      // Only a rank that is awake has prompts under way.
      if (awake.has(r)) {
        const { prefill, pairs, seen } = this.#promptsOf(ranks[r]);
        own += prefill;
        this.prefillTokens += prefill;
        this.prefillContext += seen;
        this.prefillPairs += pairs;
        if (pairs > mostPairs) {
          mostPairs = pairs;
          byPairs = r;
          this.slowestPairs = prefill === 0 ? 0 : pairs / prefill;
        }
      }
      allSequences += sequences;
      allContext += context;
      allUsed += used[r];
      if (context > mostContext) {
        mostContext = context;
        byContext = r;
      }
      if (own > mostTokens || (own === mostTokens && context > contextOfTokens)) {
        mostTokens = own;
        contextOfTokens = context;
        byTokens = r;
      }
    }
    this.decoding = allSequences;
    this.decodeContext = allContext;
    this.usedBlocks = allUsed;
    if (this.empty) return;
    this.cost = pricer.cost(this.#batchOf(ranks[byTokens], tokens, queryTokens), this.#spare.pop());
    const any = this.decoding > 0;
    if (any && byContext !== byTokens)
      this.cost = this.#slower(pricer.cost(this.#batchOf(ranks[byContext], tokens, queryTokens), this.#spare.pop()), this.cost);
    if (this.prefillTokens > 0 && byPairs !== byTokens && !(any && byPairs === byContext))
      this.cost = this.#slower(this.cost, pricer.cost(this.#batchOf(ranks[byPairs], tokens, queryTokens), this.#spare.pop()));
  }

  /** The same where no rank has prompts: all that is needed is kept up to date as sequences come and go. */
  #priceDecoding(ranks: readonly Rank[], columns: RankColumns, tokens: number, queryTokens: number, pricer: StepPricer): void {
    const { inUse, baseSum, deepest, sequences } = columns;
    this.usedBlocks = inUse.sum;
    this.decoding = sequences;
    this.decodeContext = columns.base + sequences * tokens;
    if (sequences === 0) return;
    const byTokens = deepest.of(deepest.most);
    let byContext = byTokens;
    let mostContext = -1;
    for (let count = deepest.most; count > 0; count--) {
      const r = deepest.of(count);
      if (r < 0) continue;
      const context = baseSum[r] + count * tokens;
      if (context < mostContext || (context === mostContext && r > byContext)) continue;
      mostContext = context;
      byContext = r;
    }
    this.cost = pricer.cost(this.#batchOf(ranks[byContext], tokens, queryTokens), this.#spare.pop());
    if (byTokens !== byContext) this.cost = this.#slower(this.cost, pricer.cost(this.#batchOf(ranks[byTokens], tokens, queryTokens), this.#spare.pop()));
  }

  /** The dearer of two costs; the other is no longer needed. */
  #slower(a: StepCost, b: StepCost): StepCost {
    const dearer = b.time > a.time;
    this.#spare.push(dearer ? a : b);
    return dearer ? b : a;
  }

  /**
   * What the part of one rank would take if it waited for no other. One that has nothing computes a token for nothing, as engines have it do so
   * that its experts take part.
   */
  own(rank: Rank, tokens: number, queryTokens: number, pricer: StepPricer): Seconds {
    const batch = this.#batchOf(rank, tokens, queryTokens);
    const { decodeSequences, prefillTokens } = batch.rank;
    if (decodeSequences === 0 && prefillTokens === 0) Object.assign(this.#rank, this.decoding > 0 ? oneSequence : oneToken);
    const cost = pricer.cost(batch, this.#spare.pop());
    this.#spare.push(cost);
    return cost.time;
  }

  /** The iteration that decodes what this one does behind it, of an instance of one rank: valid until something else is priced. */
  next(rank: Rank, tokens: number, queryTokens: number): InstanceBatch {
    return this.#batchOf(rank, tokens, queryTokens);
  }

  #promptsOf({ chunks, prefilling }: Rank): { readonly prefill: number; readonly pairs: number; readonly seen: number } {
    let prefill = 0;
    let pairs = 0;
    let seen = 0;
    for (let i = 0; i < chunks.length; i++) {
      const chunk = chunks.items[i];
      if (chunk === 0) continue;
      const before = this.#table.progress[prefilling.items[i]];
      prefill += chunk;
      pairs += pairsOf(chunk, before);
      seen += before + chunk;
    }
    return { prefill, pairs, seen };
  }

  /** The batch, as the part of a rank in it is priced. */
  #batchOf(rank: Rank, tokens: number, queryTokens: number): InstanceBatch {
    let prefillTokens = 0;
    let prefillSequences = 0;
    let prefillPairs = 0;
    let prefillContext = 0;
    for (let i = 0; i < rank.chunks.length; i++) {
      const chunk = rank.chunks.items[i];
      if (chunk === 0) continue;
      const before = this.#table.progress[rank.prefilling.items[i]];
      prefillTokens += chunk;
      prefillSequences++;
      prefillPairs += pairsOf(chunk, before);
      prefillContext += before + chunk;
    }
    const { columns, at } = rank;
    const decodeSequences = this.decodes ? columns.decoding[at] : 0;
    const batch = this.#rank;
    batch.decodeSequences = decodeSequences;
    batch.queryTokens = queryTokens;
    batch.decodeContext = this.decodes ? columns.baseSum[at] + decodeSequences * tokens : 0;
    batch.prefillTokens = prefillTokens;
    batch.prefillSequences = prefillSequences;
    batch.prefillPairs = prefillPairs;
    batch.prefillContext = prefillContext;
    this.#batch.instanceTokens = this.decoding * queryTokens + this.prefillTokens;
    return this.#batch;
  }
}

const oneSequence = { decodeSequences: 1, decodeContext: 1 };
const oneToken = { prefillTokens: 1, prefillSequences: 1, prefillPairs: 1, prefillContext: 1 };

/** Each of `chunk` new tokens attends to those before it and to itself. */
function pairsOf(chunk: number, before: number): number {
  return chunk * before + (chunk * (chunk + 1)) / 2;
}
