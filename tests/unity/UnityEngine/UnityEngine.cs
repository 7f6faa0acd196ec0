// The parts of UnityEngine that the plugin uses. Signatures as in Unity 2021.3; behaviour only as far as tests drive it.
#nullable enable
using System;
using System.Collections.Generic;

namespace UnityEngine
{
    public enum RuntimePlatform
    {
        LinuxPlayer = 13,
    }

    public enum RuntimeInitializeLoadType
    {
        AfterSceneLoad,
        BeforeSceneLoad,
        AfterAssembliesLoaded,
        BeforeSplashScreen,
        SubsystemRegistration,
    }

    [Flags]
    public enum HideFlags
    {
        None = 0,
        HideAndDontSave = 61,
    }

    [AttributeUsage(AttributeTargets.Method)]
    public sealed class RuntimeInitializeOnLoadMethodAttribute : Attribute
    {
        public RuntimeInitializeOnLoadMethodAttribute(RuntimeInitializeLoadType loadType)
        {
            LoadType = loadType;
        }

        public RuntimeInitializeLoadType LoadType { get; }
    }

    [AttributeUsage(AttributeTargets.Class)]
    public sealed class AddComponentMenu : Attribute
    {
        public AddComponentMenu(string menuName)
        {
            MenuName = menuName;
        }

        public string MenuName { get; }
    }

    public static class Application
    {
        public static event Action? quitting;

        public static bool isPlaying => true;

        public static string productName => "fake game";

        public static string unityVersion => "2021.3.0f1";

        public static RuntimePlatform platform => RuntimePlatform.LinuxPlayer;

        internal static bool HasQuittingHandlers => quitting != null;

        internal static void RaiseQuitting()
        {
            quitting?.Invoke();
        }
    }

    public static class Debug
    {
        public static void LogWarning(object message)
        {
            FakeUnity.Warnings.Add(message.ToString() ?? string.Empty);
        }
    }

    public class Object
    {
        public HideFlags hideFlags { get; set; }

        public static void DontDestroyOnLoad(Object target)
        {
        }
    }

    public class Component : Object
    {
    }

    public class Behaviour : Component
    {
        public bool enabled { get; set; } = true;
    }

    public class MonoBehaviour : Behaviour
    {
    }

    public sealed class GameObject : Object
    {
        public GameObject(string name)
        {
            this.name = name;
        }

        public string name { get; }

        public T AddComponent<T>()
            where T : Component, new()
        {
            var component = new T();
            FakeUnity.Components.Add(component);
            return component;
        }
    }

    /// <summary>Drives the fake world.</summary>
    public static class FakeUnity
    {
        public static List<string> Warnings { get; } = new List<string>();

        public static List<Component> Components { get; } = new List<Component>();

        public static bool WatchesQuitting => Application.HasQuittingHandlers;

        public static void Quit()
        {
            Application.RaiseQuitting();
        }

        /// <summary>Calls a message of all components as Unity does: by its name, also if it is private.</summary>
        public static void Send(string message, params object[] arguments)
        {
            foreach (Component component in Components)
            {
                component.GetType()
                    .GetMethod(message, System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Public)
                    ?.Invoke(component, arguments);
            }
        }
    }
}

namespace UnityEngine.Networking
{
    public class UnityWebRequest
    {
        private readonly Dictionary<string, string> headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

        public UnityWebRequest(string url)
        {
            this.url = url;
        }

        public string url { get; }

        public void SetRequestHeader(string name, string value)
        {
            headers[name] = value;
        }

        public string? GetRequestHeader(string name)
        {
            return headers.TryGetValue(name, out string? value) ? value : null;
        }
    }
}
