/** The behaviour that every storage engine shows, and the store on top of any of them. */

export { engineContract } from './contract/engine.js';
export { storeContract } from './contract/store.js';
