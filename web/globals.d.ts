/** Of the package, put in when the page is built. */
declare const SUPERNODE_VERSION: string;

/** The address of a JSON file that is made when the page is built (build/facts-plugin.ts). */
declare module 'facts:*' {
  const url: string;
  export default url;
}
