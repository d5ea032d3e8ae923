/** The version of this package; a test holds it to package.json. Written into the footer of every SSTable. */
export const engineVersion = '0.1.0'
