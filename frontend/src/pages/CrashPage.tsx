import { EmptyState } from '../components/states'
import { Button } from '../components/ui'
import { t } from '../i18n'

/** Shown when the page itself has a fault, or a part of it could not be fetched. */
export function CrashPage() {
  return (
    <main className="flex-1">
      <EmptyState heading={t.errors.unexpected}>
        <Button
          onClick={() => {
            window.location.reload()
          }}
        >
          {t.errors.reload}
        </Button>
      </EmptyState>
    </main>
  )
}
