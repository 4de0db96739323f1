import { lazy, Suspense } from 'react'
import { createBrowserRouter, Navigate, RouterProvider } from 'react-router'
import { Loading } from './components/states'
import { HomePage } from './pages/HomePage'
import { Shell } from './components/Shell'
import { CrashPage } from './pages/CrashPage'
import { NotFoundPage } from './pages/NotFoundPage'

// The live page and the reports share the plot, which the first page does not need.
const LivePage = lazy(() => import('./pages/LivePage'))
const SessionsPage = lazy(() => import('./pages/SessionsPage'))
const SessionPage = lazy(() => import('./pages/SessionPage'))
const AboutPage = lazy(() => import('./pages/AboutPage'))

const router = createBrowserRouter(
  [
    {
      element: <Shell />,
      errorElement: <CrashPage />,
      children: [
        { index: true, element: <HomePage /> },
        { path: 'analyze', element: <Navigate to="/" replace state={{ focus: true }} /> },
        { path: 'analyze/:channel', element: <LivePage /> },
        { path: 'sessions', element: <SessionsPage /> },
        { path: 'sessions/:id', element: <SessionPage /> },
        { path: 'about', element: <AboutPage /> },
        { path: '*', element: <NotFoundPage /> },
      ],
    },
  ],
  { basename: import.meta.env.BASE_URL },
)

export function App() {
  return (
    <Suspense fallback={<Loading />}>
      <RouterProvider router={router} />
    </Suspense>
  )
}
