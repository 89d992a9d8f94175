/** Settings that live in the store, sealed, under hashed ids: an id may have any characters. */

import { OAuthManagerError } from '../core/errors.js';
import type { DocumentStore } from '../core/store.js';
import type { StorageEngine } from './engine.js';
import { hashOf } from './field-names.js';
import { formatDocument, parseDocument } from './records.js';
import type { Keyring } from './sealing.js';

const collectionPattern = /^[A-Za-z0-9_-]{1,64}$/;

/** What a document's seal is bound to. @param key hash of its id */
export function documentSeal(collection: string, key: string): string {
  return `document\n${collection}\n${key}`;
}

/** Binds the methods to an engine and a keyring. @throws {TypeError} a collection's name is not of A-Z a-z 0-9 _ - */
export function sealedDocuments(engine: StorageEngine, keyring: Keyring): DocumentStore {
  function seal(collection: string, id: string, value: unknown): Buffer {
    return keyring.seal(formatDocument(id, value), documentSeal(collection, hashOf(id)));
  }

  return {
    async put(collection, id, value) {
      await engine.putDocument(checked(collection), hashOf(id), seal(collection, id, value));
    },

    async create(collection, id, value) {
      return engine.createDocument(checked(collection), hashOf(id), seal(collection, id, value));
    },

    async find(collection, id) {
      const key = hashOf(id);
      const sealed = await engine.getDocument(checked(collection), key);
      return sealed && parseDocument(keyring.open(sealed, documentSeal(collection, key))).value;
    },

    async list(collection, passOver) {
      const documents = new Map<string, unknown>();
      for (const [key, sealed] of await engine.listDocuments(checked(collection))) {
        try {
          const { id, value } = parseDocument(keyring.open(sealed, documentSeal(collection, key)));
          documents.set(id, value);
        } catch (error) {
          if (passOver === undefined || !(error instanceof OAuthManagerError)) throw error;
          passOver(error);
        }
      }
      return documents;
    },

    async remove(collection, id) {
      return engine.removeDocument(checked(collection), hashOf(id));
    },
  };
}

/** Collections named by programs; the store's own begin with a dot and cannot be reached from here. */
function checked(collection: string): string {
  if (!collectionPattern.test(collection)) throw new TypeError('A collection is named by 1-64 of A-Z a-z 0-9 _ -');
  return collection;
}
