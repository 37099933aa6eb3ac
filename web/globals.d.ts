/** Of the package, put in when the page is built. */
declare const SUPERNODE_VERSION: string;

/** Addresses of JSON files that are made when the page is built (build/facts-plugin.ts): of calibrated cells, one for each generation of chips. */
declare module 'facts:calibration' {
  const groups: readonly { readonly generation: string; readonly chips: readonly string[]; readonly url: string }[];
  export default groups;
}

declare module 'facts:*' {
  const url: string;
  export default url;
}
