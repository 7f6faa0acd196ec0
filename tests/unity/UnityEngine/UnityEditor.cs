// The parts of UnityEditor that the plugin's editor hooks use.
#nullable enable
using System;

namespace UnityEditor
{
    public enum PlayModeStateChange
    {
        EnteredEditMode,
        ExitingEditMode,
        EnteredPlayMode,
        ExitingPlayMode,
    }

    [AttributeUsage(AttributeTargets.Class)]
    public sealed class InitializeOnLoadAttribute : Attribute
    {
    }

    public static class AssemblyReloadEvents
    {
        public delegate void AssemblyReloadCallback();

        public static event AssemblyReloadCallback? beforeAssemblyReload;

        public static void Raise()
        {
            beforeAssemblyReload?.Invoke();
        }
    }

    public static class EditorApplication
    {
        public static event Action? quitting;

        public static event Action<PlayModeStateChange>? playModeStateChanged;

        public static void Raise(PlayModeStateChange change)
        {
            playModeStateChanged?.Invoke(change);
        }

        public static void Quit()
        {
            quitting?.Invoke();
        }
    }
}
