import rules from '../../../data/models/inference-config.json' with { type: 'json' };

type Config = Readonly<Record<string, unknown>>;

const names: Readonly<Record<string, string>> = rules.names;
const originals = new Map(Object.entries(names).map(([own, published]) => [published, own]));
const quantised: Readonly<Record<string, Config>> = rules.quantised;

/** Whether these are the arguments of a publisher's own inference code instead of the fields of a `config.json`. */
export function isInferenceConfig(config: Config): boolean {
  return config['model_type'] === undefined && config['dim'] !== undefined && config['n_layers'] !== undefined;
}

/**
 * The same model in the fields of a `config.json`. That code has no draft module; its router has a bias where scores are sigmoids; `dtype`
 * names the stored format, in its fixed blocks.
 */
export function translate(config: Config): { readonly translated: Config; readonly original: (path: string) => string } {
  const { dtype, scale_fmt: scales, ...rest } = config;
  const stored = typeof dtype === 'string' && Object.hasOwn(quantised, dtype) ? quantised[dtype] : undefined;
  const translated = {
    ...rules.constants,
    model_type: config['index_n_heads'] === undefined ? rules.type : rules.indexedType,
    ...(config['score_func'] === rules.biasedScore ? { topk_method: rules.biasedMethod } : {}),
    ...(stored === undefined ? (dtype === undefined || dtype === 'bf16' ? {} : { dtype }) : { quantization_config: { ...stored, scale_fmt: scales } }),
    ...Object.fromEntries(Object.entries(rest).map(([name, value]) => [Object.hasOwn(names, name) ? names[name] : name, value])),
  };
  return { translated, original: (path) => path.replace(/[a-z_0-9]+$/, (name) => originals.get(name) ?? name) };
}
