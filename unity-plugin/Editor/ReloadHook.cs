#nullable enable
using UnityEditor;

namespace Polyspan.Editor
{
    /// <summary>
    /// Ends polyspan before the editor throws the scripts' domain away or leaves play mode. The native library stays in
    /// the editor's process; only what belonged to the domain goes.
    /// </summary>
    [InitializeOnLoad]
    internal static class ReloadHook
    {
        static ReloadHook()
        {
            AssemblyReloadEvents.beforeAssemblyReload += PolyspanSdk.ShutdownForReload;
            EditorApplication.quitting += PolyspanSdk.ShutdownForReload;
            EditorApplication.playModeStateChanged += OnPlayModeStateChanged;
        }

        private static void OnPlayModeStateChanged(PlayModeStateChange change)
        {
            if (change == PlayModeStateChange.ExitingPlayMode)
            {
                PolyspanSdk.ShutdownForReload();
            }
        }
    }
}
