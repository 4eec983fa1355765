import type { ServerPlan } from './config/resolved.ts'
import { removeTemporaryFolder, removeTemporaryFolderNow } from './session-folder.ts'

type Folder = Pick<ServerPlan, 'temporaryFolder'>

/** Temporary folders of plans that are no more, while replicas may still serve these. */
export class LeftFolders {
  readonly #folders = new Set<string>()

  /** Another plan takes the place of one. */
  leave({ temporaryFolder: left }: Folder, { temporaryFolder: kept }: Folder): void {
    if (left !== undefined && left !== kept) this.#folders.add(left)
  }

  /** Removes them, and that of the last plan. */
  async remove(last: Folder): Promise<void> {
    await Promise.all(this.#list(last).map((one) => removeTemporaryFolder(one)))
  }

  /** The same at once, while killed workers may still write. */
  removeNow(last: Folder): void {
    for (const one of this.#list(last)) removeTemporaryFolderNow(one)
  }

  #list(last: Folder): readonly Folder[] {
    return [...[...this.#folders].map((temporaryFolder) => ({ temporaryFolder })), last]
  }
}
